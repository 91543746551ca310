// Checks that no file outgrows a reader: at most 400 lines of code (blank and comment lines do not count).
import { textOf, trackedFiles } from './tracked.mjs'

const limit = 400

/** Files that may be longer, each with the reason. @type {Readonly<Record<string, string>>} */
const exceptions = {}

/** @type {import('./all.mjs').Check} */
export const size = {
  name: 'size',
  holds: `no file over ${limit} lines of code`,
  violations(top) {
    return trackedFiles(top)
      .filter(name => /\.(ts|mts|cts|js|mjs|cjs|c|h)$/.test(name) && !(name in exceptions))
      .map(name => ({ name, lines: linesOfCode(textOf(top, name) ?? '') }))
      .filter(({ lines }) => lines > limit)
      .map(({ name, lines }) => `${name}: ${lines} lines`)
  },
}

/**
 * Lines that are neither blank nor comment alone. A line's own leading `//` or `/*` decides; a comment's start inside a
 * string is taken for code.
 * @param {string} text
 */
export function linesOfCode(text) {
  let inComment = false
  let count = 0
  for (const line of text.split('\n')) {
    let rest = line.trim()
    if (!inComment && rest.startsWith('/*')) {
      inComment = true
      rest = rest.slice(2)
    }
    if (inComment) {
      const end = rest.indexOf('*/')
      if (end < 0) continue
      inComment = false
      rest = rest.slice(end + 2).trim()
    }
    if (rest !== '' && !rest.startsWith('//')) count++
  }
  return count
}
