// The examples of docs/migrate.md are run as they stand, and print what they say.
import { execFile } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const here = import.meta.dirname
const page = readFileSync(path.resolve(here, '../../../../docs/migrate.md'), 'utf8')

/** Each example with the heading that it stands under. */
const examples = [...page.matchAll(/^```js\n(.*?)^```$/gms)].map((match, index) => {
  const heading = [...page.slice(0, match.index).matchAll(/^#+ (.*)$/gm)].at(-1)?.[1]
  return {
    name: `${heading} (example ${index + 1})`,
    code: match[1]!,
    file: path.join(here, `example-${index + 1}.mjs`),
  }
})
afterAll(() => {
  for (const { file } of examples) rmSync(file, { force: true })
})

async function run(file: string): Promise<string> {
  const { NODE_OPTIONS: _ours, ...env } = process.env
  return await new Promise((resolve, reject) => {
    execFile(process.execPath, [file], { env, cwd: here, timeout: 30_000 }, (error, stdout, stderr) => {
      if (error || stderr) reject(error ?? new Error(stderr))
      else resolve(stdout)
    })
  })
}

describe('the page on migration', () => {
  it('has examples', () => expect(examples.length).toBeGreaterThan(6))

  for (const { name, code, file } of examples) {
    it(`[N3] prints what it says: ${name}`, { timeout: 40_000 }, async () => {
      writeFileSync(file, code)
      const said = [...code.matchAll(/^\/\/ prints: (.*)$/gm)].map(match => `${match[1]}\n`).join('')
      expect(said).not.toBe('')
      expect(await run(file)).toBe(said)
    })
  }
})
