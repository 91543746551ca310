// Checks that the repository stands by itself: no file names a path of one machine, a package registry's host, or work
// left undone.
import { textOf, trackedFiles } from './tracked.mjs'

/** @type {readonly { what: string, pattern: RegExp }[]} */
const forbidden = [
  {
    what: "a path of somebody's machine",
    pattern: /(?<![\w.$}-])\/(?:home|Users|work|root|opt\/rt|mnt|workspaces?)\/[\w.-]+/,
  },
  {
    what: "a package registry's host",
    pattern: /\b(?:registry|npm|artifactory|nexus)\.[a-z0-9-]+\.(?:org|com|io|net|dev|internal|local)\b/i,
  },
  { what: 'a tarball address in the lock file', pattern: /tarball: https?:/ },
  { what: 'work left undone', pattern: /\b(?:TODO|FIXME|XXX|HACK)\b/ },
]

/** Files that must name such a thing, each with the reason. @type {Readonly<Record<string, string>>} */
const exceptions = {
  'tooling/checks/self-contained.mjs': 'names what it looks for',
  'tooling/checks/test/self-contained.test.ts': 'plants what it looks for',
}

/** @type {import('./all.mjs').Check} */
export const selfContained = {
  name: 'self-contained',
  holds: 'no machine paths, registry hosts or left-over work in any file',
  violations(top) {
    return trackedFiles(top).flatMap(name => {
      const text = name in exceptions ? null : textOf(top, name)
      if (text === null || !forbidden.some(({ pattern }) => pattern.test(text))) return []
      return text
        .split('\n')
        .flatMap((line, index) =>
          forbidden
            .filter(({ pattern }) => pattern.test(line))
            .map(({ what, pattern }) => `${name}:${index + 1}: ${what}: ${pattern.exec(line)?.[0]}`),
        )
    })
  },
}
