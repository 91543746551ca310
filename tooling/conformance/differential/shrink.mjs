// Cuts a failing program down to one of which nothing can be left out. It is told by others whether a program fails.

import { isSound } from './program.mjs'

/**
 * @typedef {import('./program.mjs').Program} Program
 * @typedef {import('./program.mjs').Step} Step
 */

const MAX_TRIES = 600

/** @param {Program} program @param {(candidate: Program) => Promise<boolean>} stillFails @returns {Promise<Program>} */
export async function shrink(program, stillFails) {
  let best = program
  let tries = 0
  for (let isSmaller = true; isSmaller && tries < MAX_TRIES; ) {
    isSmaller = false
    for (const candidate of candidatesOf(best)) {
      if (!isSound(candidate)) continue
      if (++tries > MAX_TRIES) break
      if (await stillFails(candidate)) {
        best = candidate
        isSmaller = true
        break
      }
    }
  }
  return best
}

/** Smaller programs, the much smaller ones first. @param {Program} program @returns {Generator<Program>} */
function* candidatesOf(program) {
  const { batches, setup } = program
  for (let i = batches.length - 1; i >= 0; i--) yield { setup, batches: batches.filter((_, at) => at !== i) }
  for (const [i, batch] of batches.entries()) {
    const before = batches[i - 1]
    if (before === undefined) continue
    const joined = { at: before.at, steps: [...before.steps, ...batch.steps] }
    yield { setup, batches: [...batches.slice(0, i - 1), joined, ...batches.slice(i + 1)] }
  }
  for (const [i, batch] of batches.entries()) {
    for (const steps of fewerSteps(batch.steps)) yield withBatch(program, i, { ...batch, steps })
  }
  for (const [name, value] of Object.entries(setup)) {
    if (value === true || Array.isArray(value)) yield { setup: { ...setup, [name]: undefined }, batches }
  }
  for (const [i, batch] of batches.entries()) {
    if (batch.at !== 'now' && batch.at !== 'quiet' && batch.at !== 'lapse')
      yield withBatch(program, i, { ...batch, at: 'quiet' })
  }
}

/** @param {Program} program @param {number} index @param {import('./program.mjs').Batch} batch @returns {Program} */
const withBatch = ({ setup, batches }, index, batch) => ({
  setup,
  batches: batches.map((one, at) => (at === index ? batch : one)),
})

/** @param {Step[]} steps @returns {Generator<Step[]>} */
function* fewerSteps(steps) {
  for (let i = steps.length - 1; i >= 0; i--) yield steps.filter((_, at) => at !== i)
  for (const [i, whole] of steps.entries()) {
    for (const step of simplerSteps(whole)) yield steps.map((one, at) => (at === i ? step : one))
  }
}

/** @param {Step} step @returns {Generator<Step>} */
function* simplerSteps(step) {
  if (step.then !== undefined) {
    if (step.verb === 'call' || step.verb === 'serve') yield { ...step, then: undefined }
    if (step.then.length > 0)
      for (const then of fewerSteps(step.then))
        if (then.length > 0 || step.verb === 'call') yield { ...step, then }
  }
  if (step.isDeaf) yield { ...step, isDeaf: false }
  const { chunk } = step
  if (chunk !== undefined) {
    if (step.name === 'end') yield { ...step, chunk: undefined }
    if (chunk.kind !== 'text')
      yield { ...step, chunk: { ...chunk, kind: 'text', one: chunk.kind === 'odd' ? 'Q' : chunk.one } }
    if (chunk.size > 1) yield { ...step, chunk: { ...chunk, size: 1 } }
    if (chunk.size > 3000) yield { ...step, chunk: { ...chunk, size: 3000 } }
  }
  for (const option of step.options ?? []) {
    // Without noDelay the system may wait with small writes, and no program is the same twice.
    if (option !== '...t.where' && option !== 'noDelay: true')
      yield { ...step, options: step.options?.filter(one => one !== option) }
  }
  if (step.verb === 'call' && step.name === 'destroy' && step.args?.length) yield { ...step, args: [] }
}
