// Reads the example that each package's README begins with: a `js` block, and what it prints in the `text` block after it.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

/**
 * @param {string} folder  a package
 * @returns {{ program: string, prints: string } | null}
 */
export function readmeExample(folder) {
  const file = path.join(folder, 'README.md')
  if (!existsSync(file)) return null
  const found = /```js\n(.*?)```\s+(?:[^\n]+\n\s*)?```text\n(.*?)```/s.exec(readFileSync(file, 'utf8'))
  return found === null ? null : { program: found[1] ?? '', prints: found[2] ?? '' }
}

/** The same program for `require`: imports become requires, and the rest may await. @param {string} program */
export function asCommonJs(program) {
  const pattern = /^import\s+(?:(\w+)(?:,\s*)?)?(?:(\{[^}]*\})|\*\s+as\s+(\w+))?\s*from\s*'([^']+)'.*$/gm
  const body = program.replace(pattern, (_, main, named, space, from) => {
    const lines = []
    if (space) lines.push(`const ${space} = require('${from}')`)
    if (named) lines.push(`const ${named.replaceAll(' as ', ': ')} = require('${from}')`)
    if (main) lines.push(`const ${main} = require('${from}').default ?? require('${from}')`)
    return lines.join('; ')
  })
  if (/^import\b/m.test(body)) throw new Error(`an import that is not understood:\n${body}`)
  return `async function main() {\n${body}\n}\nmain()\n`
}
