// The examples of a page: each program in a ```js block is followed by what it prints, in a ```text block. Tests run them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/**
 * @typedef {object} Example
 * @property {string} title its place in the page and the heading above it
 * @property {string} program
 * @property {string} prints
 */

/** The examples of a page; throws where a program is without its output. @param {string} file @returns {Example[]} */
export function examplesOf(file) {
  const page = readFileSync(file, 'utf8')
  const found = [...page.matchAll(/```js\n(.*?)```\s+(?:prints\s+)?```text\n(.*?)```/gs)].map((match, at) => {
    const heading =
      page
        .slice(0, match.index)
        .match(/^#+ (.*)$/gm)
        ?.at(-1) ?? ''
    return {
      title: `${at + 1}, under "${heading.replace(/^#+ /, '')}"`,
      program: match[1] ?? '',
      prints: match[2] ?? '',
    }
  })
  const programs = page.match(/```js\n/g)?.length ?? 0
  if (programs !== found.length)
    throw new Error(`${file}: ${programs - found.length} programs do not say what they print`)
  return found
}

/**
 * Runs a program in a folder of its own inside a package, from which the package's name resolves, and answers all that it
 * printed. `XDG_RUNTIME_DIR` is that folder.
 *
 * @param {string} packageFolder @param {string} program @returns {Promise<string>}
 */
export async function runExample(packageFolder, program) {
  const folder = mkdtempSync(path.join(packageFolder, '.example-'))
  try {
    writeFileSync(path.join(folder, 'example.mjs'), program)
    const child = spawn(process.execPath, ['example.mjs'], {
      cwd: folder,
      env: { ...process.env, XDG_RUNTIME_DIR: folder },
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', chunk => {
        output += chunk
      })
    }
    await once(child, 'close')
    return output
  } finally {
    rmSync(folder, { recursive: true })
  }
}
