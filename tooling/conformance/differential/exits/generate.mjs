// Makes a program that ends its process with data in flight, from a seed. It plays nothing.
import { Random } from '../random.mjs'

/**
 * @typedef {object} ExitStep
 * @property {'now' | 'tick' | 'micro' | 'immediate'} at
 * @property {'write' | 'cork' | 'uncork' | 'end' | 'look' | 'exit' | 'throw'} verb
 * @property {number} on  a socket, by its number
 * @property {string} one  the character that is written
 * @property {number} size
 * @property {'buffer' | 'text' | 'hex'} kind
 * @property {'exit' | 'throw' | 'note' | null} then  what the callback does
 *
 * @typedef {object} ExitProgram
 * @property {'process' | 'thread'} in
 * @property {'tcp' | 'unix'} family
 * @property {boolean} isConnected  false: it begins while the sockets connect
 * @property {ExitStep[]} steps
 * @property {ExitStep[]} atExit    what the listener of 'exit' does
 */

/** @param {number} seed @returns {ExitProgram} */
export function generateExit(seed) {
  const random = new Random(seed)
  let letter = 0
  /** @param {boolean} isLast @returns {ExitStep} */
  const step = isLast => {
    const verb = isLast
      ? random.weighted({ exit: 3, write: 3, throw: 1 })
      : random.weighted({ write: 12, cork: 1, uncork: 1, look: 1, end: 1 })
    return {
      at: random.weighted({ now: 8, tick: 1, micro: 1, immediate: 2 }),
      verb,
      on: random.int(2),
      one: String.fromCharCode(65 + (letter++ % 26)),
      size: random.pick([1, 1, 3, 100, 3000, 20_000]),
      kind: random.pick(['buffer', 'text', 'hex']),
      then:
        isLast && verb === 'write'
          ? random.pick(['exit', 'exit', 'throw'])
          : random.pick([null, null, 'note']),
    }
  }
  const count = 1 + random.int(5)
  const steps = Array.from({ length: count }, () => step(false))
  steps.splice(random.int(count + 1), 0, step(true))
  return {
    in: random.chance(0.2) ? 'thread' : 'process',
    family: random.chance(0.5) ? 'unix' : 'tcp',
    isConnected: random.chance(0.85),
    // Whatever happens, it ends.
    steps: [...steps, { ...step(true), at: 'immediate', verb: 'exit' }],
    atExit: random.chance(0.4) ? [{ ...step(false), at: 'now', verb: 'write' }] : [],
  }
}
