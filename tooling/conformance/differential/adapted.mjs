// A program as it is played for a subject, on node:net too: what it may not ask of that subject, each with its reason. It
// plays nothing.
import { isBulk, isGoing, isOfPeer } from './program.mjs'
import { isVirtual } from './rules.mjs'

/**
 * @typedef {import('./program.mjs').Program} Program
 * @typedef {import('./program.mjs').Batch} Batch
 * @typedef {import('./program.mjs').Step} Step
 */

/** @param {Program} program @param {string} subject @returns {Program} */
export function adapted(program, subject) {
  if (isVirtual(subject)) {
    const isOut = subject === 'simulated' ? endsSimulation(program) : putsOff
    return calm(withBatches(program, program.batches.flatMap(apart).map(behindPeers), isOut))
  }
  if (subject === 'portable') return { ...program, batches: program.batches.flatMap(goingApart) }
  return program
}

/** @param {Program} program @param {readonly Batch[]} batches @param {(step: Step) => boolean} isOut @returns {Program} */
const withBatches = ({ setup }, batches, isOut) => ({
  setup,
  batches: batches.map(batch => ({ ...batch, steps: without(isOut, batch.steps) })),
})

/**
 * A transport without descriptors has another error for one; and paths are names here, which need no folder.
 * @param {Step} step
 */
const isOfSystem = ({ verb, name = '', args }) =>
  (name === 'listen' && args?.[0]?.includes('fd:')) ||
  (verb === 'shape' && (name.includes('100_000') || name.includes('/no/such/folder')))

/**
 * What is thrown puts off the ticks behind it by a turn of the loop, in which a network of its own has gone on.
 * @param {Step} step
 */
const putsOff = step => step.verb === 'throw' || isOfSystem(step)

/** What nobody catches ends a simulation. @param {Program} program @returns {(step: Step) => boolean} */
function endsSimulation({ setup, batches }) {
  /** @type {Set<string>} */
  const made = new Set()
  /** What is piped into nothing throws at its end. @type {Set<number>} */
  const nowhere = new Set()
  for (const { id, verb, on = '', name, args } of batches.flatMap(({ steps }) => steps)) {
    if (verb === 'make') made.add(on)
    const to = name === 'pipe' ? /^t\.own\.(s\d+)$/.exec(args?.[0] ?? '')?.[1] : undefined
    // A server's sockets are not made by steps.
    if (setup.role === 'client' && to !== undefined && !made.has(to)) nowhere.add(id)
  }
  return step => ['throw', 'feed', 'pipeline'].includes(step.verb) || nowhere.has(step.id) || isOfSystem(step)
}

/**
 * Where only a write tells whether the peer has gone, the writes of the turn of its going are held, and fail at its end.
 * @param {Batch} batch @returns {Batch[]}
 */
function goingApart(batch) {
  return batch.steps.some(isGoing) ? apart(batch) : [batch]
}

/**
 * On a network of the testkit no system carries bytes while the loop turns, and the peers are the subject's, whose writes
 * leave at the end of a turn: so steps wait until it is quiet instead of for one turn, and peers have turns of their own.
 * @param {Batch} batch @returns {Batch[]}
 */
function apart({ at, steps }) {
  const turn = at === 'immediate' ? 'quiet' : at
  const peers = steps.filter(isOfPeer)
  const own = steps.filter(step => !isOfPeer(step))
  if (peers.length === 0 || own.length === 0) return [{ at: turn, steps }]
  return [
    { at: turn, steps: peers },
    { at: 'quiet', steps: own },
  ]
}

/**
 * What is done in the turn of the peers' steps comes before their writes have left, too.
 * @param {Batch} batch @param {number} index @param {readonly Batch[]} batches @returns {Batch}
 */
function behindPeers(batch, index, batches) {
  const isBehind = batches[index - 1]?.steps.some(isOfPeer) && ['now', 'tick', 'micro'].includes(batch.at)
  return isBehind ? { ...batch, at: 'quiet' } : batch
}

/** What cuts a connection off: how many bytes have left by then is decided by buffers, which are of another size here. */
const cutting = new Set([
  'destroy',
  'destroySoon',
  'resetAndDestroy',
  'end',
  'pipe',
  '[Symbol.asyncDispose]',
  // It keeps back what waits for room by then, to the end of the program.
  'cork',
])

/** Events that tell of the size of buffers. */
const ofSizes = new Set(['drain', 'pause', 'resume', 'data', 'readable'])

/**
 * A program that moves more than buffers hold cuts nothing off, and all of it is read in the end.
 * @param {Program} program @returns {Program}
 */
function calm(program) {
  if (!isBulk(program)) return program
  /** @type {Set<string>} */
  const read = new Set()
  const isCutting = (/** @type {Step} */ step) => {
    const { verb, name = '', on = '' } = step
    if (verb === 'abort' || (verb === 'on' && ofSizes.has(name))) return true
    if ((verb === 'call' || verb === 'peer') && cutting.has(name)) return true
    if (verb !== 'read') return false
    // Of two readers each has all bytes, and how they take turns is a matter of sizes.
    const isOut = name === 'iterate-one' || read.has(on)
    read.add(on)
    return isOut
  }
  // What is written when room has come stands among other writes by when that was.
  const isLate = (/** @type {Step} */ { verb, name = '' }) =>
    verb === 'feed' || (verb === 'call' && (name === 'write' || name === 'end'))
  const batches = program.batches.flatMap(eachPeer).map(batch => ({
    ...batch,
    steps: without(isCutting, batch.steps).map(step =>
      isLate(step) && step.then ? { ...step, then: without(isLate, step.then) } : step,
    ),
  }))
  /** @type {Batch[]} */
  const ends = ['0', '1'].map((peer, index) => ({
    at: 'quiet',
    steps: [{ id: 1000 + index, verb: 'peer', on: peer, name: 'resume' }],
  }))
  return { setup: { ...program.setup, peerHalfOpen: false }, batches: [...batches, ...ends] }
}

/** A large write of a peer leaves at once, ahead of what others have written in its turn. @param {Batch} batch @returns {Batch[]} */
function eachPeer({ at, steps }) {
  const names = new Set(steps.filter(isOfPeer).map(({ on }) => on))
  if (names.size < 2) return [{ at, steps }]
  return [...names].map(name => ({ at: 'quiet', steps: steps.filter(({ on }) => on === name) }))
}

/** @param {(step: Step) => boolean} isOut @param {readonly Step[]} steps @returns {Step[]} */
function without(isOut, steps) {
  return steps
    .filter(step => !isOut(step))
    .map(step => ({ ...step, isDeaf: false, ...(step.then && { then: without(isOut, step.then) }) }))
}
