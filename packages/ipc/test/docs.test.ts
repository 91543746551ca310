// Every example of docs/ipc.md runs, and prints what the page says.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { selectTransport } from '@x/core/transport'
import { describe, expect, it } from 'vitest'

const root = path.join(__dirname, '..')
const page = readFileSync(path.join(root, '..', '..', 'docs', 'ipc.md'), 'utf8')
const examples = [...page.matchAll(/```js\n(.*?)```\s+```text\n(.*?)```/gs)].map(
  ([whole, program, prints], at) => ({
    title: `${at + 1}, after "${/^#+ (.*)$/gm.exec(page.slice(page.lastIndexOf('\n#', page.indexOf(whole)) + 1))?.[1]}"`,
    program: program!,
    prints: prints!,
  }),
)
const { transport } = selectTransport()

/** In a folder inside the package, from which its name resolves; the sockets go to a runtime folder of their own. */
async function run(program: string): Promise<string> {
  const folder = mkdtempSync(path.join(root, '.docs-'))
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

describe('docs/ipc.md', () => {
  it('has examples, and each says what it prints', () => {
    expect(examples.length).toBeGreaterThan(5)
    expect(page.match(/```js\n/g)).toHaveLength(examples.length)
  })

  for (const { title, program, prints } of examples) {
    const needs = ['handles', 'credentials'].filter(word => program.includes(word)).length > 0
    const missing = needs && !transport.supports('handoff')
    const because = missing
      ? ' (skipped: the portable transport has neither credentials nor descriptors)'
      : ''
    it.skipIf(missing)(`[I6] example ${title} prints what it says${because}`, async () => {
      expect(await run(program)).toBe(prints)
    })
  }
})
