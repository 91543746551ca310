// The examples of a page: programs in ```js blocks, and what they print. Tests run them.
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

/** The programs of a page, each with its place and the heading above it. @param {string} file */
export function programsOf(file) {
  const page = readFileSync(file, 'utf8')
  return [...page.matchAll(/^```js\n(.*?)^```$(?:\s+(?:prints\s+)?```text\n(.*?)```)?/gms)].map(
    (match, at) => {
      const heading = [...page.slice(0, match.index).matchAll(/^#+ (.*)$/gm)].at(-1)?.[1] ?? ''
      return { title: `${at + 1}, under "${heading}"`, program: match[1] ?? '', text: match[2] }
    },
  )
}

/**
 * The examples of a page: what a program prints is said in a ```text block after it, or in its lines `// prints: ...`.
 * Throws where a program says neither.
 *
 * @param {string} file @returns {Example[]}
 */
export function examplesOf(file) {
  return programsOf(file).map(({ title, program, text }) => {
    const prints = text ?? [...program.matchAll(/^\/\/ prints: (.*\n)/gm)].map(([, line]) => line).join('')
    if (prints === '') throw new Error(`${file}: program ${title} does not say what it prints`)
    return { title, program, prints }
  })
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
      env: { ...process.env, NODE_OPTIONS: '', XDG_RUNTIME_DIR: folder },
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
