// Plays one program on one implementation of net, and writes down what is seen. A program says what is done and at
// which turn of the event loop; the stage has the peers, the recorders, the turns, and cleans up. It compares nothing.

import { pipeline } from 'node:stream'
import { describeError, describeValue, look, serverLook, socketLook } from './describe.mjs'
import { feedIn } from './feeders.mjs'
import { nodeMajor } from './host.mjs'
import { Lives } from './limits.mjs'
import { freshPath } from './places.mjs'
import { Recorder, readIn } from './readers.mjs'
import { stepContext, Trace } from './trace.mjs'

// A program may replace them.
const { nextTick } = process
const { setImmediate, setTimeout, queueMicrotask } = globalThis
const now = performance.now.bind(performance)

/** Turns of the loop without a record before the stage takes it that nothing more comes by itself. */
const QUIET_TURNS = 12
/** A program that still makes records after so many turns will not stop. */
const NEVER_QUIET_TURNS = 100_000
/** Far longer than the timers that programs set: 5 ms. */
const LAPSE_MS = 60
/** Some connections take more turns than that; one that never ends is not waited for. */
const CONNECTING_MS = 100

const socketEvents = [
  'connectionAttempt',
  'connectionAttemptFailed',
  'connectionAttemptTimeout',
  'lookup',
  'connect',
  'ready',
  'end',
  'close',
  'error',
  'drain',
  'finish',
  'timeout',
  'pause',
  'resume',
]
const serverEvents = ['listening', 'connection', 'close', 'error', 'drop']

/**
 * @typedef {'now' | 'tick' | 'micro' | 'immediate' | 'quiet' | 'lapse'} Turn
 * @typedef {object} Nets
 * @property {any} net      what programs use
 * @property {any} peerNet  what their peers use
 * @property {Nets} [reference]  what it is compared with, in place of node:net
 * @property {{ own: string, peer: string }} [hosts]  where both sides are; 127.0.0.1 where left out
 * @property {(ms: number) => Promise<void>} [sleep]  where timers go by another clock than the host's
 * @property {(play: (nets: Nets) => Promise<Trace>, setup: Setup) => Promise<Trace>} [run]  plays where the pair works
 * @typedef {object} Setup
 * @property {'client' | 'server'} role  which end is the subject's
 * @property {'tcp' | 'unix'} family
 * @property {boolean} [peerPaused]  the peers do not read until they are told to
 * @property {boolean} [peerHalfOpen]  the peers keep their side open after the subject's end
 * @property {string[]} [replaced]  globals that do nothing while the program runs, as with fake timers
 * @typedef {(t: Stage, net: any) => [Turn, () => void][]} Body
 */

/** Plays a program. @param {Nets} nets @param {Setup} setup @param {Body} body @returns {Promise<Trace>} */
export function play(nets, setup, body) {
  if (nets.run) return nets.run(inner => playHere(inner, setup, body), setup)
  return playHere(nets, setup, body)
}

/** @param {Nets} nets @param {Setup} setup @param {Body} body @returns {Promise<Trace>} */
async function playHere(nets, setup, body) {
  const stage = new Stage(nets, setup)
  // What a listener of the program throws is one of the things to be compared.
  const uncaught = (/** @type {unknown} */ error) =>
    stage.trace.add('uncaught', 'uncaught', 'uncaught', describeError(error))
  process.on('uncaughtException', uncaught)
  const globals = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (globalThis))
  const originals = (setup.replaced ?? []).map(name => /** @type {const} */ ([name, globals[name]]))
  try {
    // Each play begins in the same phase of the loop: behind its poll.
    await new Promise(resolve => setImmediate(resolve))
    await stage.begin()
    for (const [name] of originals) globals[name] = () => {}
    for (const [turn, act] of body(stage, nets.net)) await stage.turn(turn, act)
    await stage.finish()
  } finally {
    for (const [name, original] of originals) globals[name] = original
    process.off('uncaughtException', uncaught)
  }
  return stage.trace
}

const hostSleep = (/** @type {number} */ ms) =>
  /** @type {Promise<void>} */ (new Promise(resolve => setTimeout(resolve, ms)))

export class Stage {
  trace = new Trace()
  /** @type {Record<string, any>} subject sockets `s0`.., subject servers `v0`.. */
  own = {}
  /** @type {any[]} peers in the order of their connections */
  peers = []
  /** Where a server of the subject listens. @type {any} */
  place
  /** Where clients connect to. @type {any} */
  where
  #nets
  #setup
  /** Where nobody listens. @type {any} */
  refused = { port: 1, host: '127.0.0.1' }
  /** @type {any} */
  #peerServer = null
  #abort = new AbortController()
  #lives = new Lives()
  /** @type {Buffer | null} */
  #refilled = null
  #taken = 0

  /** @param {Nets} nets @param {Setup} setup */
  constructor(nets, setup) {
    this.#nets = nets
    this.#setup = setup
    const { own = '127.0.0.1', peer = '127.0.0.1' } = nets.hosts ?? {}
    const at = (/** @type {string} */ host) => (path === '' ? { port: 0, host } : { path })
    const path = setup.family === 'unix' ? freshPath() : ''
    const isClient = setup.role === 'client'
    this.where = at(isClient ? peer : own)
    this.place = at(own)
    const { place } = this
    if (place.path !== undefined) this.refused = { path: `${place.path}.none` }
  }

  async begin() {
    if (this.#setup.role !== 'client') return
    const server = this.#nets.peerNet.createServer(
      {
        allowHalfOpen: this.#setup.peerHalfOpen === true,
        pauseOnConnect: this.#setup.peerPaused === true,
        noDelay: true,
      },
      (/** @type {any} */ socket) => this.#addPeer(socket),
    )
    this.#peerServer = server
    await new Promise(resolve => server.listen(this.where, resolve))
    if (this.where.path === undefined) this.where.port = server.address().port
  }

  /** Runs `act` at a turn after what ran before. @param {Turn} turn @param {() => void} act @returns {Promise<void>} */
  async turn(turn, act) {
    if (turn === 'quiet' || turn === 'lapse') await this.quiet()
    if (turn === 'lapse') await this.#lapse()
    return new Promise(resolve => {
      const run = () => {
        try {
          act()
        } finally {
          resolve()
        }
      }
      if (turn === 'tick') nextTick(run)
      else if (turn === 'micro') queueMicrotask(run)
      else if (turn === 'immediate') setImmediate(run)
      else run()
    })
  }

  /** Waits until the short timers of `setTimeout` have run out. */
  async #lapse() {
    const { sleep = hostSleep } = this.#nets
    await sleep(LAPSE_MS)
    await this.quiet()
  }

  /** Waits until nothing has happened for some turns. */
  async quiet() {
    await this.#untilQuiet()
    this.trace.phase('quiet')
  }

  async #untilQuiet() {
    const began = now()
    let idle = 0
    let turns = 0
    let seen = this.trace.count
    while (idle < QUIET_TURNS || (this.#isConnecting() && now() - began < CONNECTING_MS)) {
      await new Promise(resolve => setImmediate(resolve))
      idle = this.trace.count === seen ? idle + 1 : 0
      seen = this.trace.count
      if (++turns === NEVER_QUIET_TURNS) return this.trace.add('stage', 'phase', 'never quiet')
    }
  }

  #isConnecting() {
    return Object.values(this.own).some(one => one.connecting === true && !one.destroyed)
  }

  /** Whatever is open is closed, and heard of. */
  async finish() {
    await this.quiet()
    // One after the other: in which order handles that close in one turn are told of is the system's affair.
    for (const one of Object.values(this.own)) {
      if (typeof one.destroy === 'function') one.destroy()
      else if (one.listening) one.close()
      await this.#untilQuiet()
    }
    this.trace.phase('end')
    for (const peer of this.peers) peer.destroy()
    this.#peerServer?.close()
    await this.quiet()
  }

  // What programs call.

  /** One step: what it answers or throws is recorded. @param {number} id @param {string} actor @param {(one: any) => unknown} act */
  do(id, actor, act) {
    const one = this.own[actor]
    if (one === undefined) return this.trace.add(actor, 'step', `${id}`, 'absent')
    let text
    try {
      text = describeValue(stepContext.run(id, act, one), one)
    } catch (error) {
      text = `throws ${describeError(error)}`
      this.#lives.threw(one)
    }
    this.trace.add(actor, 'step', `${id}`, text)
  }

  /** Writes into a socket in one of the ways that programs do. @param {number} id @param {string} actor @param {string} way @param {string[]} texts */
  feed(id, actor, way, texts) {
    const { signal } = this
    // Most of them end the socket.
    this.do(id, actor, socket => {
      if (this.may('end', socket)) feedIn(way, socket, texts, new Recorder(this.trace, actor), signal)
    })
  }

  /** Records what comes of a promise. @param {string} actor @param {Promise<unknown>} promise */
  settle(actor, promise) {
    const settled = (/** @type {string} */ text) => this.trace.add(actor, 'event', 'settled', text)
    promise.then(
      value => settled(describeValue(value)),
      error => settled(describeError(error)),
    )
  }

  /** What a call makes is looked at, and closed at once. @param {number} id @param {string} actor @param {() => any} make */
  shape(id, actor, make) {
    let text
    try {
      const one = stepContext.run(id, make)
      const isServer = 'listening' in one
      text = look(one, isServer ? serverLook : socketLook)
      one.on('error', () => {})
      if (isServer) one.close()
      else one.destroy()
    } catch (error) {
      text = `throws ${describeError(error)}`
    }
    this.trace.add(actor, 'look', `${id}`, text)
  }

  /** @template One @param {One} one @param {(one: One) => void} act */
  after(one, act) {
    act(one)
    return one
  }

  /** What Node learnt in a later version; on those before `instead`. @template What @param {number} major @param {What} what @param {What} [instead] */
  since(major, what, instead) {
    return nodeMajor >= major ? what : (instead ?? {})
  }

  /** Bytes whose buffer was taken away. @param {BufferConstructor | Uint8ArrayConstructor} of */
  transferred(of) {
    const bytes = of === Buffer ? Buffer.from(new ArrayBuffer(4)) : new Uint8Array(4)
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
    return bytes
  }

  /** A block list that has, or has not, the host of this stage. @param {any} net @param {boolean} blocks */
  blockList(net, blocks) {
    const list = new net.BlockList()
    list.addAddress(blocks ? (this.where.host ?? '127.0.0.1') : '192.0.2.1')
    return list
  }

  /** The arguments of connect() one by one. */
  get positional() {
    const { path, port, host: name } = this.where
    return path === undefined ? [port, name] : [path]
  }

  /** All of one socket to another, as `stream.pipeline` has it. @param {number} id @param {string} actor @param {string} to */
  pipeline(id, actor, to) {
    const done = (/** @type {unknown} */ error) =>
      this.trace.add(actor, 'event', 'pipelined', error ? describeError(error) : '')
    this.do(id, actor, one => void pipeline(one, this.own[to], done))
  }

  /**
   * Makes a socket or server of the subject and records its events.
   * @param {number} id @param {string} actor @param {() => any} make @param {boolean} [isDeaf]  not its 'error'
   */
  make(id, actor, make, isDeaf = false) {
    try {
      const one = stepContext.run(id, make)
      this.own[actor] = one
      const events = actor.startsWith('v') ? serverEvents : socketEvents
      this.#record(actor, one, isDeaf ? events.filter(event => event !== 'error') : events)
    } catch (error) {
      this.trace.add(actor, 'step', `${id}`, `throws ${describeError(error)}`)
    }
  }

  /** A callback that records its call, then runs `then`. @param {number} id @param {string} actor @param {((one: any) => void)} [then] */
  cb(id, actor, then) {
    return (/** @type {unknown[]} */ ...args) => {
      this.trace.add(
        actor,
        'callback',
        `${id}`,
        args.map(arg => describeValue(arg, this.own[actor])).join(' '),
      )
      then?.(this.own[actor])
    }
  }

  /** Runs `then` at the first such event. @param {number} id @param {string} actor @param {string} event @param {(one: any) => void} then */
  on(id, actor, event, then) {
    this.do(id, actor, one => void one.once(event, () => stepContext.run(id, then, one)))
  }

  /** @param {string} text */
  throw(text) {
    if (Object.values(this.own).some(one => this.#lives.isTelling(one))) return
    throw new Error(text)
  }

  /** A peer, by the order of connections. @param {number} id @param {number} index @param {(peer: any) => void} act */
  peer(id, index, act) {
    const peer = this.peers[index]
    if (peer === undefined) this.trace.add(`p${index}`, 'step', `${id}`, 'absent')
    else act(peer)
  }

  /** A peer connects to the subject's server. @param {number} id @param {(peer: any) => void} [then] */
  peerConnects(id, then) {
    if (this.where.port === 0) return this.trace.add('p', 'step', `${id}`, 'nowhere')
    const peer = this.#nets.peerNet.connect({
      ...this.where,
      allowHalfOpen: this.#setup.peerHalfOpen === true,
      noDelay: true,
    })
    this.#addPeer(peer)
    then?.(peer)
  }

  /** The option `signal` of a socket. */
  get signal() {
    return this.#abort.signal
  }

  /** @param {number} id */
  abort(id) {
    stepContext.run(id, () => this.#abort.abort())
  }

  /**
   * The option `onread` of a socket: its reads are records.
   * @param {string} actor @param {number} size @param {unknown} answer @param {boolean} [isMade]  each read has its own
   */
  onread(actor, size, answer, isMade = false) {
    const callback = (/** @type {number} */ bytes, /** @type {Buffer} */ buffer) => {
      this.trace.add(actor, 'data', 'onread', buffer.toString('latin1', 0, bytes))
      return answer
    }
    return { buffer: isMade ? () => Buffer.alloc(size) : Buffer.alloc(size), callback }
  }

  /** The option `lookup`: answers this host, in one of the ways that resolvers do. @param {'now' | 'later' | 'fails' | 'both'} way */
  lookup(way) {
    if (way === 'both') this.#lives.isRacing = true
    return (
      /** @type {string} */ _name,
      /** @type {any} */ options,
      /** @type {(...answer: unknown[]) => void} */ done,
    ) => {
      const host = this.where.host ?? '127.0.0.1'
      const all = ['::1', host].map(address => ({ address, family: address === '::1' ? 6 : 4 }))
      if (way === 'fails') setImmediate(done, Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }))
      else if (way === 'both' && options.all) setImmediate(done, null, all)
      else if (options.all) setImmediate(done, null, all.slice(1))
      else if (way === 'now') done(null, host, 4)
      else setImmediate(done, null, host, 4)
    }
  }

  /** Looks at all that a socket tells of itself. @param {number} id @param {string} actor @param {readonly string[]} [names] */
  look(id, actor, names = socketLook) {
    const one = this.own[actor]
    const text = one === undefined ? 'absent' : look(one, names)
    this.trace.addLook(actor, `${id}`, text, one !== undefined && this.#lives.hasLost(one))
  }

  /**
   * One Buffer, filled anew where its last write was taken (a program may use it again then), else another one.
   * @param {string} actor @param {string} one @param {number} size
   */
  refill(actor, one, size) {
    const socket = this.own[actor]
    const isFree =
      this.#refilled !== null &&
      socket.writableCorked === 0 &&
      socket.writableLength === 0 &&
      !socket.connecting &&
      this.#taken === size
    if (!isFree) this.#refilled = Buffer.alloc(size)
    this.#taken = socket.writableCorked === 0 && !socket.connecting ? size : 0
    return /** @type {Buffer} */ (this.#refilled).fill(one)
  }

  /** Reads a socket in one of the ways that programs do. @param {number} id @param {string} actor @param {string} way */
  read(id, actor, way) {
    this.do(id, actor, socket => readIn(way, socket, new Recorder(this.trace, actor)))
  }

  /** Whether a call is one of those that are compared. @param {keyof typeof import('./limits.mjs').limits} verb @param {any} one */
  may(verb, one) {
    return this.#lives.allows(verb, one)
  }

  /** @param {string} actor @param {any} one @param {readonly string[]} events */
  #record(actor, one, events) {
    this.#lives.watch(one)
    // 'ready' is told right behind 'connect', where no listener throws.
    for (const event of ['ready', 'close']) {
      one.on(event, () => {
        this.trace.hasLost ||= this.#lives.hasLost(one)
      })
    }
    for (const event of events) {
      one.on(event, (/** @type {unknown[]} */ ...args) => {
        this.trace.add(actor, 'event', event, args.map(arg => describeValue(arg, one)).join(' '))
      })
    }
    if (actor.startsWith('v')) {
      one.on('listening', () => {
        const address = one.address()
        if (typeof address === 'object' && address !== null)
          this.where = { ...this.where, port: address.port }
      })
    }
  }

  /** An accepted socket of the subject. @param {any} socket @param {((socket: any, actor: string) => void)} [then] */
  accepted(socket, then) {
    const actor = `s${Object.keys(this.own).filter(name => name.startsWith('s')).length}`
    this.own[actor] = socket
    this.#record(actor, socket, socketEvents)
    then?.(socket, actor)
  }

  /** @param {any} socket */
  #addPeer(socket) {
    const actor = `p${this.peers.length}`
    this.peers.push(socket)
    this.trace.add(actor, 'event', 'made')
    if (this.#setup.peerPaused) socket.pause()
    socket.on('data', (/** @type {Buffer} */ chunk) =>
      this.trace.add(actor, 'data', 'data', chunk.toString('latin1')),
    )
    socket.on('end', () => this.trace.add(actor, 'event', 'end'))
    socket.on('error', (/** @type {Error} */ error) =>
      this.trace.add(actor, 'event', 'error', describeError(error)),
    )
    socket.on('close', () => this.trace.add(actor, 'event', 'close'))
  }
}
