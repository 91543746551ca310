// Every example of docs/testkit.md is a file of vitest or of node:test, and passes.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { promisify } from 'node:util'
import { programsOf } from '@x/presets/examples'
import { describe, expect, it } from 'vitest'

const root = path.join(__dirname, '..')
const all = programsOf(path.join(root, '..', '..', 'docs', 'testkit.md'))
const ofNodeTest = all.filter(({ program }) => program.includes("from 'node:test'"))
const examples = all.filter(example => !ofNodeTest.includes(example))
const vitest = path.join(path.dirname(createRequire(__filename).resolve('vitest/package.json')), 'vitest.mjs')

describe('docs/testkit.md', () => {
  it('[T1] [T2] [T3] [T4] [T5] has examples, and all of them pass', async () => {
    const folder = mkdtempSync(path.join(root, '.docs-'))
    try {
      for (const [at, { program }] of examples.entries()) {
        writeFileSync(path.join(folder, `example-${at}.test.mjs`), program)
      }
      const own = JSON.stringify(path.join(root, 'dist', 'index.mjs'))
      writeFileSync(
        path.join(folder, 'vitest.config.mjs'),
        `export default {
          resolve: { alias: { '@x/testkit': ${own} } },
          test: { include: ['*.test.mjs'], pool: 'forks', maxWorkers: 1, server: { deps: { external: [/dist/] } } },
        }`,
      )
      const child = spawn(process.execPath, [vitest, 'run', '--root', folder, '--reporter=json'], {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let said = ''
      child.stdout.on('data', chunk => {
        said += chunk
      })
      await once(child, 'close')
      const { numPassedTests, testResults } = JSON.parse(said.slice(said.indexOf('{')))
      const failed = testResults.filter((result: { status: string }) => result.status !== 'passed')
      expect(failed).toEqual([])
      expect(examples.length).toBe(7)
      expect(numPassedTests).toBe(8)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('[T1] [T2] [T3] [T4] [T5] has examples of node:test, and all of them pass', async () => {
    const folder = mkdtempSync(path.join(root, '.docs-'))
    try {
      const files = ofNodeTest.map(({ program }, at) => {
        const file = path.join(folder, `example-${at}.test.mjs`)
        writeFileSync(file, program)
        return file
      })
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--test-reporter=tap', '--test', ...files],
        {
          cwd: folder,
        },
      )
      expect(stdout).toMatch(/^# pass 3$/m)
      expect(stdout).toMatch(/^# fail 0$/m)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
