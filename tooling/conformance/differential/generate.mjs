// Makes a program of a seed. Each kind of program leans on one part of the surface; all may use all of it. It plays
// nothing.
import {
  connectTarget,
  oddArguments,
  serverOptions,
  settings,
  socketOptions,
  wrongListens,
} from './arguments.mjs'
import { feedingWays } from './feeders.mjs'
import { kindNames, kinds } from './kinds.mjs'
import { isGoing, isOfPeer, isUnheard, lapsing, throws, withoutEnds } from './program.mjs'
import { Random } from './random.mjs'
import { readingWays } from './readers.mjs'
import { shapes } from './shapes.mjs'
import { letters, listenedEvents, peerCalls, plainCalls, replaceable } from './vocabulary.mjs'

/**
 * @typedef {import('./program.mjs').Program} Program
 * @typedef {import('./program.mjs').Step} Step
 * @typedef {import('./program.mjs').Chunk} Chunk
 * @typedef {import('./program.mjs').Batch} Batch
 * @typedef {import('./stage.mjs').Turn} Turn
 */

/** @param {number} seed @returns {Program} */
export function generate(seed) {
  return new Maker(new Random(seed)).program()
}

class Maker {
  #random
  #id = 0
  #letter = 0
  #sockets = 1
  /** @type {keyof typeof kinds} */
  #kind = 'writing'
  #family = /** @type {'tcp' | 'unix'} */ ('tcp')
  #role = /** @type {'client' | 'server'} */ ('client')

  /** Sockets that are piped into themselves. @type {Set<string>} */
  #echoes = new Set()

  /** @param {Random} random */
  constructor(random) {
    this.#random = random
  }

  /** @returns {Program} */
  program() {
    const random = this.#random
    this.#kind = random.pick(kindNames)
    this.#role =
      this.#kind === 'serving' ||
      (['reading', 'writing', 'living', 'relaying'].includes(this.#kind) && random.chance(0.25))
        ? 'server'
        : 'client'
    this.#sockets = this.#kind === 'relaying' || random.chance(0.3) ? 2 : 1
    this.#family = random.chance(0.5) ? 'unix' : 'tcp'
    /** @type {Program} */
    const program = {
      setup: {
        role: this.#role,
        family: this.#family,
        peerPaused: this.#kind === 'stalled' && random.chance(0.8),
        peerHalfOpen: random.chance(0.5),
        replaced: random.chance(0.05) ? [random.pick(replaceable)] : undefined,
      },
      batches: [],
    }
    program.batches.push({ at: 'now', steps: this.#beginning() })
    if (this.#role === 'server') {
      for (let i = 0; i < this.#sockets; i++)
        program.batches.push({ at: 'quiet', steps: [this.#step('peerConnects')] })
    }
    const isConnecting = this.#kind === 'connecting' || (this.#kind !== 'stalled' && random.chance(0.15))
    const { turns } = kinds[this.#kind]
    const count = 1 + random.int(5)
    for (let i = 0; i < count; i++) {
      const at = i === 0 && !isConnecting ? 'quiet' : i === 0 ? 'now' : random.weighted(turns)
      const steps = withOneConnect(this.#some(1 + random.int(this.#kind === 'writing' ? 7 : 4), 0))
      const peers = withOneGoing(steps.filter(isOfPeer))
      const connects = program.batches.at(-1)?.steps.some(isUnheard)
      const turn = /** @type {Turn} */ (
        connects ? 'quiet' : peers.length > 0 && at !== 'quiet' ? 'immediate' : at
      )
      const own = steps.filter(step => !isOfPeer(step))
      const before = turn === 'quiet' ? [] : (program.batches.at(-1)?.steps ?? [])
      const ours = throws(own) || throws(before) ? withoutEnds(own) : own
      if (peers.some(isGoing)) {
        // What several peers do in one turn is heard of in an order that is the system's affair.
        for (const [index, peer] of [...new Set(peers.map(({ on }) => on))].entries())
          program.batches.push({
            at: index === 0 ? turn : 'quiet',
            steps: peers.filter(({ on }) => on === peer),
          })
        // In the turn of its going, which is not heard of before the next, or later.
        if (random.chance(0.5)) program.batches.at(-1)?.steps.push(...ours)
        else if (ours.length > 0) program.batches.push({ at: 'quiet', steps: ours })
      } else if (peers.some(({ verb }) => verb === 'peerConnects') && throws(ours)) {
        program.batches.push({ at: turn, steps: peers }, { at: 'quiet', steps: ours })
      } else program.batches.push({ at: turn, steps: [...peers, ...ours] })
    }
    return { ...program, batches: this.#withLapses(program.batches) }
  }

  /**
   * Short timeouts run out right behind the batch that sets them, and are off then: later ones would depend on how fast the
   * machine is. @param {readonly Batch[]} batches
   */
  #withLapses(batches) {
    return batches.flatMap(batch => {
      const off = [...lapsing(batch.steps)].map(actor => this.#call('setTimeout', actor, ['0']))
      return off.length === 0 ? [batch] : [batch, { at: /** @type {Turn} */ ('lapse'), steps: off }]
    })
  }

  /** @returns {Step[]} */
  #beginning() {
    const random = this.#random
    /** @type {Step[]} */
    const steps = []
    if (this.#role === 'server') {
      steps.push({
        ...this.#step('serve', 'v0'),
        options: serverOptions(random),
        then: random.chance(0.4) ? this.#some(1 + random.int(2), 1, 'actor') : undefined,
      })
      steps.push(this.#listen())
      return steps
    }
    for (let i = 0; i < this.#sockets; i++) {
      const actor = `s${i}`
      const options = socketOptions(random, actor)
      if (random.chance(0.3)) {
        steps.push({ ...this.#step('make', actor, 'net.connect'), options: ['...t.where', ...options] })
      } else {
        steps.push({ ...this.#step('make', actor, 'new net.Socket'), options, isDeaf: random.chance(0.04) })
        if (random.chance(0.1)) steps.push(...this.#some(1 + random.int(2), 1, actor))
        steps.push(this.#connect(actor, 0))
      }
    }
    return steps
  }

  /** @param {Step['verb']} verb @param {string} [on] @param {string} [name] @returns {Step} */
  #step(verb, on, name) {
    return { id: ++this.#id, verb, on, name }
  }

  /** @param {string} name @param {string} on @param {string[]} [args] @returns {Step} */
  #call(name, on, args) {
    return { id: ++this.#id, verb: 'call', on, name, args }
  }

  /** @param {string} actor @param {number} depth */
  #connect(actor, depth) {
    const random = this.#random
    const step = this.#call('connect', actor, [connectTarget(random)])
    if (random.chance(0.3)) step.then = random.chance(0.5) ? [] : this.#nested(depth, actor, false)
    return step
  }

  #listen() {
    return { ...this.#call('listen', 'v0', ['t.place']), then: this.#random.chance(0.3) ? [] : undefined }
  }

  /** @param {number} count @param {number} depth @param {string} [actor] @returns {Step[]} */
  #some(count, depth, actor) {
    return Array.from({ length: count }, () => this.#any(depth, actor)).flat()
  }

  /** What a callback or listener does. @param {number} depth @param {string} actor @param {boolean} [throws] @returns {Step[]} */
  #nested(depth, actor, throws = true) {
    const random = this.#random
    if (throws && random.chance(0.12))
      return [
        ...(random.chance(0.5) ? this.#some(1, depth + 1, actor) : []),
        this.#step('throw', actor, `boom ${++this.#id}`),
      ]
    return this.#some(
      1 + random.int(3),
      depth + 1,
      random.chance(0.85) || actor === 'actor' ? actor : `s${random.int(this.#sockets)}`,
    )
  }

  /** @param {number} depth @param {string} [given] @returns {Step[]} */
  #any(depth, given) {
    const random = this.#random
    const actor = given ?? `s${random.int(this.#sockets)}`
    const verb = /** @type {string} */ (
      random.weighted(/** @type {Record<string, number>} */ (kinds[this.#kind].verbs))
    )
    const peer = String(random.int(this.#sockets))
    if (depth > 0 && verb.startsWith('peer')) return []
    const method = /** @type {Record<string, string>} */ (plainCalls)[verb]
    if (method !== undefined) return [this.#call(method, actor)]
    const peerMethod = /** @type {Record<string, string>} */ (peerCalls)[verb]
    if (peerMethod !== undefined) return [this.#step('peer', peer, peerMethod)]
    switch (verb) {
      case 'write':
      case 'writeMuch':
        return [this.#write(actor, depth, verb === 'writeMuch')]
      case 'end': {
        const step = this.#call('end', actor)
        if (random.chance(0.4)) step.chunk = this.#chunk(false)
        // Of an end that fails node:net tells in another tick than ours: it is not compared with what another socket does.
        if (random.chance(0.4))
          step.then = depth < 2 && random.chance(0.3) ? this.#some(1 + random.int(2), depth + 1, actor) : []
        return [step]
      }
      case 'destroy':
        return [this.#call('destroy', actor, random.chance(0.3) ? [`new Error('mine')`] : [])]
      case 'pipeTo': {
        const other = actor === 's0' ? 's1' : 's0'
        if (random.chance(0.3)) return [this.#step('pipeline', actor, other)]
        // A socket that is not there yet makes pipe throw.
        return [{ ...this.#call('pipe', actor, [`t.own.${other}`]) }]
      }
      case 'feed':
        return [
          {
            ...this.#step('feed', actor, random.pick(feedingWays)),
            args: Array.from({ length: 1 + random.int(3) }, () => `'${this.#nextLetter()}'`),
          },
        ]
      case 'shape':
        return [this.#step('shape', actor, random.pick(shapes))]
      case 'echo':
        // Of two echoes in one listener of 'data' the second may be to a peer that has gone: docs/compatibility.md.
        if (this.#echoes.has(actor)) return []
        this.#echoes.add(actor)
        return [this.#call('pipe', actor, ['s'])]
      case 'lapse':
        return [this.#call('setTimeout', actor, ['5'])]
      case 'abort':
        return [this.#step('abort')]
      case 'connect':
        return [this.#connect(actor, depth)]
      case 'deaf':
        return [this.#call('removeAllListeners', actor, [random.pick(["'data'", "'readable'"])])]
      case 'dispose':
        return [this.#call('[Symbol.asyncDispose]', actor)]
      case 'look':
        return [this.#step('look', actor)]
      case 'look1':
        return [
          this.#step(
            'look',
            actor,
            `['${random.pick(['bytesWritten', 'writableLength', 'bufferSize', 'readyState', 'pending', 'remoteAddress', 'localAddress', 'writableNeedDrain', '_handle'])}']`,
          ),
        ]
      case 'read':
        return [this.#step('read', actor, random.pick(['data', 'data', ...readingWays]))]
      case 'readN':
        return [this.#call('read', actor, random.pick([[], ['0'], ['1'], ['3'], ['5000']]))]
      case 'setEncoding':
        return [this.#call('setEncoding', actor, [random.pick(["'utf8'", "'hex'", "'latin1'", "'base64'"])])]
      case 'unshift':
        return [this.#call('unshift', actor, ["Buffer.from('~')"])]
      case 'onConnect':
        return depth < 2
          ? [
              {
                ...this.#step('on', actor, random.pick(['connect', 'connect', 'ready'])),
                // node:net never sends what waits behind a 'connect' listener that throws.
                then: this.#nested(depth, actor, false),
              },
            ]
          : []
      case 'onDrain':
        // node:net loses callbacks where a listener of 'drain' throws.
        return depth < 2
          ? [{ ...this.#step('on', actor, 'drain'), then: this.#nested(depth, actor, false) }]
          : []
      case 'onEvent': {
        if (depth >= 2) return []
        const event = random.pick(listenedEvents)
        return [
          {
            ...this.#step('on', actor, event),
            then: this.#nested(depth, actor, !['connect', 'drain'].includes(event)),
          },
        ]
      }
      case 'setting':
        return [this.#setting(actor)]
      case 'set':
        return [
          {
            ...this.#step(
              'set',
              actor,
              // Of `connecting` node:net makes up its mind anew, and stops to write.
              random.pick(['autoSelectFamilyAttemptedAddresses', 'allowHalfOpen', 'custom']),
            ),
            args: [random.pick(['true', '[]', '7'])],
          },
        ]
      case 'peerConnects':
        return depth === 0 && random.chance(0.7) ? [this.#step('peerConnects')] : []
      case 'peerWrite':
        return [
          {
            ...this.#step('peer', peer, 'write'),
            chunk: {
              kind: 'buffer',
              one: this.#nextLetter(),
              size: random.pick([1, 2, 5, 5, 100, 3000, 20_000, 70_000]),
            },
          },
        ]
      case 'server':
        return this.#server(depth)
    }
    throw new Error(verb)
  }

  /** @param {number} depth @returns {Step[]} */
  #server(depth) {
    const random = this.#random
    switch (
      random.weighted({
        look: 6,
        close: 6,
        listen: 5,
        getConnections: 4,
        max: 3,
        address: 2,
        ref: 1,
        wrong: 2,
        on: 4,
        dispose: 1,
      })
    ) {
      case 'look':
        return [
          this.#step('look', 'v0', `['listening', 'maxConnections', 'allowHalfOpen', 'pauseOnConnect']`),
        ]
      case 'close':
        return [{ ...this.#call('close', 'v0'), then: random.chance(0.5) ? [] : undefined }]
      case 'listen':
        return [this.#listen()]
      case 'getConnections':
        return [{ ...this.#call('getConnections', 'v0'), then: [] }]
      case 'max':
        // 0 is no limit to node:net on Node 20, and drops every connection on 26, as its documentation says.
        return [
          { ...this.#step('set', 'v0', 'maxConnections'), args: [random.pick(['1', '2', 'undefined'])] },
        ]
      case 'address':
        return [this.#step('address', 'v0')]
      case 'ref':
        return [this.#call(random.pick(['ref', 'unref']), 'v0')]
      case 'wrong':
        return [this.#call('listen', 'v0', [random.pick(wrongListens)])]
      case 'dispose':
        return [this.#call('[Symbol.asyncDispose]', 'v0')]
      case 'on':
        return depth < 2
          ? [
              {
                ...this.#step('on', 'v0', random.pick(['listening', 'connection', 'close', 'error', 'drop'])),
                then: this.#server(depth + 1).filter(step => step.then !== undefined || step.verb !== 'on'),
              },
            ]
          : []
    }
    return []
  }

  /** @param {string} actor @returns {Step} */
  #setting(actor) {
    const random = this.#random
    const [name, ...args] = random.pick(settings)
    const step = this.#call(name, actor, args)
    if (name === 'setTimeout' && random.chance(0.4)) step.then = []
    return step
  }

  /** @param {string} actor @param {number} depth @param {boolean} much @returns {Step} */
  #write(actor, depth, much) {
    const random = this.#random
    const step = this.#call('write', actor)
    step.chunk = this.#chunk(much)
    if (random.chance(0.4)) step.then = depth < 2 && random.chance(0.25) ? this.#nested(depth, actor) : []
    return step
  }

  /** @param {boolean} much @returns {Chunk} */
  #chunk(much) {
    const random = this.#random
    const kind = /** @type {Chunk['kind']} */ (
      random.weighted({
        text: 20,
        wide: 2,
        latin1: 3,
        hex: 3,
        base64: 3,
        utf16le: 2,
        buffer: 14,
        bytes: 4,
        refilled: this.#kind === 'stalled' ? 0 : 6,
        odd: 1,
      })
    )
    if (kind === 'odd')
      return {
        kind,
        one: random.pick(oddArguments),
        size: 1,
      }
    const size = much
      ? random.pick([100_000, 300_000, 1_000_000])
      : Number(
          random.weighted({
            // To a peer that has gone it is nothing to ours; and what waited for a connection cannot be told from nothing.
            0: this.#kind === 'writing' ? 2 : 0,
            1: 12,
            2: 6,
            5: 4,
            100: 3,
            3000: 6,
            16384: 2,
            20000: 2,
            65536: 1,
            100000: this.#kind === 'stalled' ? 0 : 1,
          }),
        )
    return { kind, one: this.#nextLetter(), size: kind === 'refilled' ? random.pick([3, 3, 3, 3000]) : size }
  }

  #nextLetter() {
    return letters.charAt(this.#letter++ % letters.length)
  }
}

/** In which turn each of several connections is accepted is the system's affair. @param {Step[]} steps */
function withOneConnect(steps) {
  const first = steps.findIndex(({ verb }) => verb === 'peerConnects')
  return steps.filter(({ verb }, index) => verb !== 'peerConnects' || index === first)
}

/** A peer goes once. @param {Step[]} steps */
function withOneGoing(steps) {
  return steps.filter(
    (step, index) =>
      !isGoing(step) || !steps.slice(0, index).some(other => isGoing(other) && other.on === step.on),
  )
}
