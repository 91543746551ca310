// Checks that the repository stands by itself: no file names a path of one machine, a package registry's host, who or what
// wrote it, or work left undone.
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
  {
    what: "a package registry's host",
    pattern: /\b(?:npm\.pkg\.github|pkg\.dev|npmmirror|yarnpkg)\.com?\b/i,
  },
  { what: 'a tarball address in the lock file', pattern: /\b(?:tarball|resolved)\b["']?:? ["']?https?:/ },
  {
    what: 'a word on how it was made',
    pattern:
      /\b(?:claude|anthropic|openai|chatgpt|gpt-?\d|copilot|language models?|llms?|ai[- ](?:generated|written|assisted)|sub-?agents?|co-authored-by)\b/i,
  },
  { what: 'a paper that is not here', pattern: /\b(?:shared\/)?(?:SPEC|STYLE|DESIGN|COMMON)\.md\b/ },
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
  holds: 'no machine paths, registry hosts, words on how it was made, or left-over work in any file',
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
