// Checks that no passage of the packages' sources is there twice: a fault that is mended in one copy lives on in the other.
// It compares lines, and knows no language.
import { textOf, trackedFiles } from './tracked.mjs'

/** So many lines of code in a row make a passage; comments, imports and lone brackets are no lines of code. */
const passage = 9

/** @type {import('./all.mjs').Check} */
export const duplicates = {
  name: 'duplicates',
  holds: `no ${passage} lines of code in a row are in the sources twice`,
  violations(top) {
    /** Where a passage was seen first, by its text. @type {Map<string, string>} */
    const seen = new Map()
    return trackedFiles(top)
      .filter(name => /^(?:packages|apps)\/[^/]+\/(?:native\/)?src\/.*\.(?:ts|c|h)$/.test(name))
      .flatMap(name => repeated(name, codeOf(textOf(top, name) ?? ''), seen))
  },
}

/** @typedef {{ text: string, number: number }} Line */

/** The lines of code, each with its number in the file. @param {string} text @returns {Line[]} */
function codeOf(text) {
  return text
    .split('\n')
    .map((line, index) => ({ text: line.trim(), number: index + 1 }))
    .filter(
      line =>
        /\w/.test(line.text) && !/^(?:(?:type )?\w+,$|\/\/|\/?\*|#include|import\b|\} from )/.test(line.text),
    )
}

/**
 * The passages of a file that were seen before, each told once; the others are remembered.
 * @param {string} name @param {readonly Line[]} lines @param {Map<string, string>} seen
 */
function repeated(name, lines, seen) {
  /** @type {string[]} */
  const found = []
  let told = 0
  for (let at = 0; at + passage <= lines.length; at++) {
    const text = lines
      .slice(at, at + passage)
      .map(line => line.text)
      .join('\n')
    const here = `${name}:${lines[at]?.number}`
    const before = seen.get(text)
    if (before === undefined) seen.set(text, here)
    else if (at >= told) {
      found.push(`${here}: as at ${before}`)
      told = at + passage
    }
  }
  return found
}
