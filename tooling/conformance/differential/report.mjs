// Puts a failing program into a text that can be run: plain JavaScript, with what was expected and what came. It plays
// and judges nothing.

/**
 * @param {import('./worker.mjs').Failure & { subject: string }} failure
 * @returns {string} a file for `node differential/replay.mjs FILE`, or to be imported by a test
 */
export function reportOf({ seed, subject, setup, text, difference }) {
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
    `export const setup = ${JSON.stringify(setup)}`,
    `export const body = ${text}`,
    `// ${actor} on node:net${' '.repeat(Math.max(1, width - 8 - actor.length))}  | ${actor} on ${subject}`,
    ...table,
  ].join('\n')
}

/** The program as an entry of known/found.mjs. @param {import('./worker.mjs').Failure} failure */
export function entryOf({ setup, isBulk, text, difference }) {
  return `  {\n    name: ${JSON.stringify(difference.signature)},\n    setup: ${JSON.stringify(setup)},\n    isBulk: ${isBulk},\n    body: ${text},\n  },`
}
