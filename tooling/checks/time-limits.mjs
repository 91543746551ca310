// Checks that no test has a time limit of its own: what is enough on a quiet machine fails on a busy one. One limit, for
// tests that hang, is in tooling/presets/hang-limit.mjs.
import { textOf, trackedFiles } from './tracked.mjs'

/** `it(name, { timeout: 5000 }, ...)`, and the same over several lines. */
const asOption =
  /[,(]\s*\{\s*timeout:\s*[\d_.]+(?:e\d+)?(?:\s*\*\s*\w+)?,?\s*\},\s*(?:async\b|\(|function\b|\w+\s*=>)/g
/** `}, 60_000)` at the end of a test or a hook; a timer's few milliseconds are none. */
const asLast = /^\s*\},?\s*(?:[\d_]{5,}|\d+\s*\*\s*\w+),?\s*\)/gm
/** `vitest.config`'s own, and `vi.setConfig`. */
const asSetting = /\b(?:testTimeout|hookTimeout):\s*\d[\d_]*/g

/** What has them as examples. */
const exceptions = ['tooling/checks/test/time-limits.test.ts']

/** @type {import('./all.mjs').Check} */
export const timeLimits = {
  name: 'time-limits',
  holds: 'no test has a time limit of its own',
  violations(top) {
    return trackedFiles(top)
      .filter(
        name =>
          /\.test\.[mc]?[jt]s$|(^|\/)vitest\.config\.[mc]?[jt]s$/.test(name) && !exceptions.includes(name),
      )
      .flatMap(name => {
        const text = textOf(top, name) ?? ''
        return limitsIn(text).map(at => `${name}:${text.slice(0, at).split('\n').length}`)
      })
  },
}

/** Where in a text the limits are. @param {string} text */
function limitsIn(text) {
  return [asOption, asLast, asSetting].flatMap(pattern =>
    [...text.matchAll(pattern)].map(match => match.index),
  )
}
