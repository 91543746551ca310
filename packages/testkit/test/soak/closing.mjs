// Who closes a connection, how, with which bytes unread or on their way, and what the other side does then: all of these on
// the network of the system and on a simulated one. What each side sees must be the same. It counts, and judges nothing.
import { once } from 'node:events'
import net from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import * as core from '@x/core'
import { faults, memoryNetwork, simulate } from '@x/testkit'

/**
 * @typedef {object} Story
 * @property {'client' | 'server'} closer
 * @property {boolean} halfOpen
 * @property {boolean} closerReads  false: it is paused, so that what comes stays unread
 * @property {'nothing' | 'before' | 'same turn'} otherWrote  `before`: it has arrived
 * @property {boolean} closerWrote
 * @property {boolean} otherReads  false: it is paused until it has acted
 * @property {'end' | 'destroySoon' | 'destroy' | 'resetAndDestroy' | 'end, destroy'} way
 * @property {'nothing' | 'write' | 'write, write' | 'end' | 'write, end' | 'destroy' | 'resetAndDestroy'} then
 */

/** @type {{ [Key in keyof Story]: readonly Story[Key][] }} */
const CHOICES = {
  closer: ['server', 'client'],
  halfOpen: [true, false],
  closerReads: [true, false],
  otherWrote: ['nothing', 'before', 'same turn'],
  closerWrote: [false, true],
  otherReads: [true, false],
  way: ['end', 'destroySoon', 'destroy', 'resetAndDestroy', 'end, destroy'],
  then: ['nothing', 'write', 'write, write', 'end', 'write, end', 'destroy', 'resetAndDestroy'],
}

/** All of them. @returns {Story[]} */
export function stories() {
  /** @type {any[]} */
  let all = [{}]
  for (const [key, values] of Object.entries(CHOICES)) {
    all = all.flatMap(story => values.map(value => ({ ...story, [key]: value })))
  }
  return all
}

/**
 * Where a story is played: how its sockets are made, and how to wait until nothing is on its way.
 *
 * @typedef {object} Place
 * @property {(options: net.ServerOpts) => net.Server} serve  it listens, or will
 * @property {(server: net.Server, options: object) => net.Socket} dial
 * @property {() => Promise<void>} settle
 * @property {() => () => void | Promise<void>} cut  nothing passes until what it answers is called
 */

/** What a socket tells, in order; bytes as their sum. @param {net.Socket} socket @param {boolean} reads */
function listen(socket, reads) {
  /** @type {string[]} */
  const seen = []
  let bytes = 0
  const read = () =>
    socket.on('data', chunk => {
      bytes += chunk.length
    })
  if (reads) read()
  for (const name of ['end', 'error', 'close']) {
    socket.on(name, argument => {
      const text = argument?.code ?? argument ?? ''
      seen.push(`${bytes > 0 ? `${bytes} bytes, ` : ''}${name} ${text}`.trim())
      bytes = 0
    })
  }
  return { seen, read: reads ? () => {} : read }
}

/** @param {net.Socket} socket @param {string[]} seen @param {string} what */
function act(socket, seen, what) {
  if (what === 'write') {
    socket.write('more', error => seen.push(`written ${/** @type {any} */ (error)?.code ?? ''}`.trim()))
  } else if (what !== 'nothing') /** @type {any} */ (socket)[what]()
}

/**
 * Plays it; what each side saw. With `cuts`, nothing passes while the closer closes, for a while.
 *
 * @param {Story} story @param {Place} place @param {boolean} [cuts]
 */
export async function play(story, place, cuts = false) {
  const options = { allowHalfOpen: story.halfOpen }
  const server = place.serve({ ...options, pauseOnConnect: true })
  if (!server.listening) await once(server, 'listening')
  const accepting = once(server, 'connection')
  const client = place.dial(server, options)
  const [[accepted]] = await Promise.all([accepting, once(client, 'connect')])
  const [closer, other] = story.closer === 'server' ? [accepted, client] : [client, accepted]
  // Else the second of two small writes waits for an acknowledgement, which is delayed (Nagle, RFC 1122 4.2.3.2).
  for (const socket of [closer, other]) socket.setNoDelay(true)
  const ofCloser = listen(closer, story.closerReads)
  const ofOther = listen(other, story.otherReads)
  if (story.closerReads) closer.resume()
  if (story.otherReads) other.resume()
  await place.settle()
  if (story.otherWrote === 'before') {
    other.write('before')
    await place.settle()
  }
  if (story.closerWrote) closer.write('words')
  const repair = cuts ? place.cut() : () => {}
  if (story.otherWrote === 'same turn') other.write('at once')
  for (const [index, way] of story.way.split(', ').entries()) {
    if (index > 0) await place.settle()
    act(closer, ofCloser.seen, way)
  }
  await place.settle()
  await repair()
  await place.settle()
  for (const what of story.then.split(', ')) {
    act(other, ofOther.seen, what)
    await place.settle()
  }
  ofOther.read()
  other.resume()
  await place.settle()
  ofCloser.read()
  closer.resume()
  await place.settle()
  for (const socket of [closer, other]) socket.destroy()
  await place.settle()
  server.close()
  await place.settle()
  return { closer: ofCloser.seen, other: ofOther.seen }
}

/** @param {Story} story */
export function title(story) {
  const { closer, halfOpen, closerReads, otherWrote, closerWrote, otherReads, way, then } = story
  const words = [
    `the ${closer} does ${way}`,
    halfOpen ? 'half-open' : '',
    closerReads ? '' : 'closer paused',
    otherReads ? '' : 'other paused',
    closerWrote ? 'closer has written' : '',
    otherWrote === 'nothing' ? '' : `other wrote ${otherWrote}`,
    `then ${then}`,
  ]
  return words.filter(word => word !== '').join(', ')
}

/** What one segment after the other needs on loopback: a byte there and back, which comes behind them. */
class Loopback {
  #echo = net.createServer(socket => socket.pipe(socket))
  /** @type {net.Socket | null} */
  #marker = null

  async settle() {
    if (this.#marker === null) {
      this.#echo.listen(0, '127.0.0.1')
      await once(this.#echo, 'listening')
      this.#marker = net.connect(/** @type {net.AddressInfo} */ (this.#echo.address()).port, '127.0.0.1')
      await once(this.#marker, 'connect')
    }
    for (let trips = 0; trips < 2; trips++) {
      this.#marker.write('x')
      await once(this.#marker, 'data')
    }
    for (let turns = 0; turns < 5; turns++) await turn()
  }

  close() {
    this.#marker?.destroy()
    this.#echo.close()
  }
}

/** On the network of the system. @param {Pick<typeof net, 'createServer' | 'connect'>} on */
export function systemPlace(on) {
  const loopback = new Loopback()
  /** @type {Place} */
  const place = {
    serve: options => on.createServer(options).listen(0, '127.0.0.1'),
    dial: (server, options) =>
      on.connect({
        port: /** @type {net.AddressInfo} */ (server.address()).port,
        host: '127.0.0.1',
        ...options,
      }),
    settle: () => loopback.settle(),
    cut: () => () => {},
  }
  return { place, close: () => loopback.close() }
}

/** On a simulated network. @param {Story} story @param {number} latencyMs @param {boolean} [cuts] */
export async function playSimulated(story, latencyMs, cuts = false) {
  const link = latencyMs > 0 ? [faults.latency({ ms: latencyMs })] : []
  const { value } = await simulate({ seed: 1, link }, async ({ host, network, clock }) => {
    const [a, b] = [host('a'), host('b')]
    /** @type {Place} */
    const place = {
      serve: options => /** @type {any} */ (b.run(() => core.createServer(options).listen(80))),
      dial: (_server, options) =>
        /** @type {any} */ (a.run(() => core.connect({ port: 80, host: 'b', ...options }))),
      settle: () => clock.sleep(5000),
      cut() {
        const repair = network.partition(a, b)
        return () => {
          repair()
          return clock.sleep(60_000)
        }
      },
    }
    return await play(story, place, cuts)
  })
  return value
}

/** On a network in memory. @param {Story} story */
export function playInMemory(story) {
  const transport = memoryNetwork()
  /** @type {Place} */
  const place = {
    serve: options => /** @type {any} */ (core.createServer({ ...options, transport }).listen(80)),
    dial: (_server, options) => /** @type {any} */ (core.connect({ port: 80, ...options, transport })),
    async settle() {
      for (let turns = 0; turns < 50; turns++) await turn()
    },
    cut: () => () => {},
  }
  return play(story, place)
}

/**
 * Whether what is written in the turn of the close is on its way then. On loopback it has arrived, and is answered by a reset in
 * place of an end; over a distance it is answered later.
 *
 * @param {Story} story
 */
export function isCrossing({ otherWrote, way }) {
  return otherWrote === 'same turn' && (way === 'destroy' || way === 'resetAndDestroy')
}

/** Whether all that is said can be said again: a reset that is lost is lost. @param {Story} story */
export function mayBeCut({ way, closerReads, otherWrote }) {
  return (
    (way === 'end' || way === 'destroySoon' || way === 'destroy') && closerReads && otherWrote === 'nothing'
  )
}
