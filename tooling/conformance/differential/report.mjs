// Puts a failing program into a text that can be run: plain JavaScript, with what was expected and what came. It plays
// and judges nothing.
import { textOf } from './program.mjs'

/**
 * @param {{ seed: number, subject: string, program: import('./program.mjs').Program, difference: import('./compare.mjs').Difference }} failure
 * @returns {string} a file for `node differential/replay.mjs FILE`, or to be imported by a test
 */
export function reportOf({ seed, subject, program, difference }) {
  const { actor, expected, got, index } = difference
  const lines = Array.from({ length: Math.max(expected.length, got.length) }, (_, i) => i)
  const width = Math.min(70, Math.max(20, ...expected.map(line => line.length)))
  const table = lines.map(i => {
    const [left = '', right = ''] = [expected[i], got[i]]
    return left === right
      ? `//   ${left}`
      : `//   ${left.padEnd(width)}${i === index ? ' << ' : '  | '}${right}`
  })
  return [
    `// ${difference.signature} (seed ${seed}, ${subject}, Node ${process.versions.node})`,
    `export const setup = ${JSON.stringify(program.setup)}`,
    `export const body = ${textOf(program)}`,
    `// ${actor} on node:net${' '.repeat(Math.max(1, width - 8 - actor.length))}  | ${actor} on ${subject}`,
    ...table,
  ].join('\n')
}
