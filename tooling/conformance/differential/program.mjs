// What a program is: steps at turns of the event loop, as data that can be cut down; and its text, which is what is
// played and what is printed. It chooses and plays nothing.
import { limits } from './limits.mjs'

/**
 * @typedef {object} Chunk
 * @property {'text' | 'wide' | 'latin1' | 'hex' | 'base64' | 'utf16le' | 'buffer' | 'bytes' | 'refilled' | 'odd'} kind
 * @property {string} one  the character it is made of; of 'odd', the code of the value
 * @property {number} size  how many of them
 *
 * @typedef {object} Step
 * @property {number} id
 * @property {'make' | 'call' | 'look' | 'read' | 'on' | 'throw' | 'set' | 'peer' | 'peerConnects' | 'serve' | 'address' | 'abort' | 'pipeline' | 'feed' | 'shape'} verb
 * @property {string} [on]     s0.. a socket of the subject, v0 its server, 0.. a peer
 * @property {string} [name]   the method, event, property, way of reading; of 'make', the function
 * @property {string[]} [options]  of 'make' and 'serve', each as code
 * @property {Chunk} [chunk]   the first argument
 * @property {boolean} [isDeaf]   of 'make': it has no listener of 'error'
 * @property {string[]} [args] code of the further arguments
 * @property {Step[]} [then]   there is a callback, which does this
 *
 * @typedef {object} Batch
 * @property {import('./stage.mjs').Turn} at
 * @property {Step[]} steps
 *
 * @typedef {object} Program
 * @property {import('./stage.mjs').Setup} setup
 * @property {Batch[]} batches
 */

/** The body that the stage plays, as text. @param {Program} program */
export function textOf(program) {
  const batches = program.batches.map(
    ({ at, steps }) => `  ['${at}', () => {\n${linesOf(steps, '    ')}  }],\n`,
  )
  return `(t, net) => [\n${batches.join('')}]`
}

/** @param {Program} program @returns {import('./stage.mjs').Body} */
export function bodyOf(program) {
  return new Function(`'use strict'; return ${textOf(program)}`)()
}

/**
 * Whether what the peers do cannot run together with what the subject has done: a peer is another process, which sees
 * nothing of a turn before its end. So peers come first in a turn, and in turns in which the loop has gone round.
 * @param {Program} program
 */
export function isSound({ batches }) {
  return batches.every(({ at, steps }, index) => {
    const isAtOnce = at !== 'quiet' && at !== 'lapse'
    if (isAtOnce && (batches[index - 1]?.steps.some(isUnheard) ?? false)) return false
    if (steps.filter(({ verb }) => verb === 'peerConnects').length > 1) return false
    const firstOwn = steps.findIndex(step => !isOfPeer(step))
    const peers = steps.filter(isOfPeer).length
    if (peers > 0 && (at === 'tick' || at === 'micro' || (at === 'now' && index > 0))) return false
    if (firstOwn >= 0 && steps.slice(firstOwn).some(isOfPeer)) return false
    // What is thrown puts off the ticks behind it: to before or after the connection, as the system has it.
    if (steps.some(({ verb }) => verb === 'peerConnects') && throws(steps)) return false
    // In which order the goings of several peers in one turn are heard of is the system's affair.
    const peersOf = steps.filter(isOfPeer)
    if (steps.some(isGoing) && peersOf.some(({ on }) => on !== peersOf[0]?.on)) return false
    return !steps.some(step => step.then !== undefined && hasPeer(step.then))
  })
}

/**
 * In which turn a connection is accepted, or a peer's going is heard of, is the system's affair; and a server with a host
 * listens after some ticks. @param {Step} step
 */
export const isUnheard = step =>
  step.verb === 'peerConnects' || isGoing(step) || (step.verb === 'call' && step.name === 'listen')

/** @param {Step} step */
export const isGoing = ({ verb, name }) =>
  verb === 'peer' && (name === 'destroy' || name === 'resetAndDestroy' || name === 'end')

/** @param {Step} step */
export const isOfPeer = ({ verb }) => verb === 'peer' || verb === 'peerConnects'

/** Whether something is thrown, now or later. @param {readonly Step[]} steps @returns {boolean} */
export function throws(steps) {
  return steps.some(({ verb, then }) => verb === 'throw' || (then !== undefined && throws(then)))
}

/** The sockets that get a short timeout. @param {readonly Step[]} steps @returns {Set<string>} */
export function lapsing(steps) {
  const own = steps.filter(({ name, args }) => name === 'setTimeout' && args?.[0] === '5')
  // Those that a server gets have their names in order.
  const actors = own.flatMap(({ on = '' }) => (on === 'actor' ? ['s0', 's1'] : [on]))
  return new Set([...actors, ...steps.flatMap(({ then = [] }) => [...lapsing(then)])])
}

/** Calls that end a stream, now or in a tick to come. */
const ending = new Set(['end', 'destroySoon', '[Symbol.asyncDispose]'])

/**
 * What is thrown puts off the ticks behind it until something else comes, and whether that is the end of a stream or a peer in
 * the same process is the system's affair. @param {readonly Step[]} steps @returns {Step[]}
 */
export function withoutEnds(steps) {
  return steps
    .filter(
      ({ verb, name = '' }) =>
        verb !== 'feed' && verb !== 'pipeline' && !(verb === 'call' && ending.has(name)),
    )
    .map(step => (step.then === undefined ? step : { ...step, then: withoutEnds(step.then) }))
}

/** @param {readonly Step[]} steps @returns {boolean} */
function hasPeer(steps) {
  return steps.some(step => isOfPeer(step) || (step.then !== undefined && hasPeer(step.then)))
}

/** Whether it moves more than the buffers of any connection hold. @param {Program} program */
export function isBulk({ batches }) {
  return batches.some(({ steps }) => steps.some(isMuch))
}

/** @param {Step} step @returns {boolean} */
function isMuch({ chunk, then }) {
  return (chunk !== undefined && chunk.size >= 16_384) || (then ?? []).some(isMuch)
}

/** @param {readonly Step[]} steps @param {string} indent */
function linesOf(steps, indent) {
  return steps.map(step => `${indent}${codeOf(step, indent)}\n`).join('')
}

/** @param {Step} step @param {string} indent @returns {string} */
function codeOf(step, indent) {
  const { id, verb, on = '', name = '', then } = step
  const nested = then === undefined ? '' : functionOf(then, indent, verb === 'serve' ? '(s, actor)' : 's')
  switch (verb) {
    case 'make':
      return `t.make(${id}, '${on}', () => ${name}({ ${(step.options ?? []).join(', ')} })${step.isDeaf ? ', true' : ''})`
    case 'serve':
      return `t.make(${id}, '${on}', () => net.createServer({ ${(step.options ?? []).join(', ')} }, s => t.accepted(s${nested && `, ${nested}`})))`
    case 'call': {
      const callback =
        then === undefined ? [] : [`t.cb(${id}, ${actorOf(on)}${then.length > 0 ? `, ${nested}` : ''})`]
      const given = [...(step.chunk ? argumentsOf(step.chunk, on) : []), ...(step.args ?? []), ...callback]
      // A call that answers a promise.
      if (name.startsWith('[')) {
        const asClose = on.startsWith('v') ? "t.may('close', s) && " : ''
        return `t.do(${id}, ${actorOf(on)}, s => ${asClose}t.settle(${actorOf(on)}, s${name}()))`
      }
      const limit = name in limits ? `t.may('${name}', s) && ` : ''
      return `t.do(${id}, ${actorOf(on)}, s => ${limit}s.${name}(${given.join(', ')}))`
    }
    case 'set':
      return `t.do(${id}, ${actorOf(on)}, s => void (s.${name} = ${step.args?.[0]}))`
    case 'look':
      return `t.look(${id}, ${actorOf(on)}${name && `, ${name}`})`
    case 'address':
      // node:net answers the path of a server that has failed or closed: its documentation says null.
      return `t.do(${id}, '${on}', v => v.listening && v.address())`
    case 'pipeline':
      return `t.pipeline(${id}, ${actorOf(on)}, '${name}')`
    case 'feed':
      return `t.feed(${id}, ${actorOf(on)}, '${name}', [${(step.args ?? []).join(', ')}])`
    case 'shape':
      return `t.shape(${id}, ${actorOf(on)}, () => ${name})`
    case 'abort':
      return `t.abort(${id})`
    case 'read':
      return `t.read(${id}, ${actorOf(on)}, '${name}')`
    case 'on':
      return `t.on(${id}, ${actorOf(on)}, '${name}', ${nested})`
    case 'throw':
      return `t.throw('${name}')`
    case 'peer':
      return `t.peer(${id}, ${on}, p => p.${name}(${[...(step.chunk ? argumentsOf(step.chunk, on) : []), ...(step.args ?? [])].join(', ')}))`
    case 'peerConnects':
      return `t.peerConnects(${id})`
  }
}

/** Inside the listener of a server, `actor` is the socket that was accepted. @param {string} on */
const actorOf = on => (on === 'actor' ? 'actor' : `'${on}'`)

/** @param {readonly Step[]} steps @param {string} indent @param {string} parameters */
function functionOf(steps, indent, parameters) {
  return `${parameters} => {\n${linesOf(steps, `${indent}  `)}${indent}}`
}

/** @param {Chunk} chunk @param {string} actor @returns {string[]} */
function argumentsOf({ kind, one, size }, actor) {
  const text = size <= 8 ? `'${one.repeat(size)}'` : `'${one}'.repeat(${size})`
  switch (kind) {
    case 'text':
      return [text]
    case 'wide':
      return [text.replaceAll(one, '\u00e9')]
    case 'latin1':
      return [text.replaceAll(one, '\u00e9'), "'latin1'"]
    case 'utf16le':
      return [text, "'utf16le'"]
    case 'hex':
      return [`'${Buffer.from(one).toString('hex')}'.repeat(${size})`, "'hex'"]
    case 'base64':
      return [`'${Buffer.from(one.repeat(3)).toString('base64')}'.repeat(${Math.ceil(size / 3)})`, "'base64'"]
    case 'buffer':
      return [`Buffer.alloc(${size}, '${one}')`]
    case 'bytes':
      return [`new Uint8Array(${size}).fill(${one.charCodeAt(0)})`]
    case 'refilled':
      return [`t.refill(${actorOf(actor)}, '${one}', ${size})`]
    case 'odd':
      return [one]
  }
}
