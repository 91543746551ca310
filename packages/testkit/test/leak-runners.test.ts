// The leak check as a file of tests uses it, under vitest and under node:test: which tests fail, and with which words.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { describe, expect, it } from 'vitest'

const root = path.join(__dirname, '..')
const programs = path.join(__dirname, 'programs')
const vitest = path.join(path.dirname(createRequire(__filename).resolve('vitest/package.json')), 'vitest.mjs')

async function run(args: readonly string[], cwd: string): Promise<string> {
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', chunk => {
    said += chunk
  })
  await once(child, 'close')
  return said
}

describe('failOnLeaks', () => {
  it('[T5] fails the tests of node:test that leak, and names where', async () => {
    const said = await run(['--test-reporter=tap', 'leaking.test.mjs'], programs)
    const outcomes = [...said.matchAll(/^ *(ok|not ok) \d+ - (.*)$/gm)].map(([, ok, name]) => `${ok} ${name}`)
    expect(outcomes).toEqual([
      'not ok leaves an interval',
      'not ok leaves a server on localhost',
      'ok leaves nothing',
      'ok leaks nothing',
      'not ok leaks',
      'not ok has parts',
      'ok closes all in hooks',
      'not ok fails in a hook',
      'ok comes after one that failed in a hook',
      'not ok hooks of its own',
      'not ok leaves timers one after the other',
      'not ok leaves immediates one after the other',
      'ok is not blamed for them',
      'not ok what goes on by itself',
      'ok is quick',
      'not ok leaves a timer',
      'not ok at once',
    ])
    expect(said.match(/interval of 2000000 ms\n/g)?.length).toBeGreaterThan(0)
    expect(said).not.toContain('opened while "has parts')
    expect(said).toMatch(
      /interval of 1000000 ms\n +opened at TestContext.<anonymous> \(leaking\.test\.mjs:\d+:/,
    )
    expect(said).toMatch(
      /TCP server of node:net on \S+\n +opened at TestContext.<anonymous> \(leaking\.test\.mjs:\d+:/,
    )
    expect(said).toContain('opened while "at once > is quick" and "at once > leaves a timer" ran at once')
  })

  it('[T5] names the lines of a test where stacks are those of the sources', async () => {
    const args = ['--enable-source-maps', '--test-reporter=tap', 'leaking-handles.test.mjs']
    const said = await run(args, programs)
    const places = [...said.matchAll(/^ +(?:opened at|called from) .*\((.*?):\d+/gm)].map(([, file]) => file)
    expect(places.length).toBeGreaterThanOrEqual(3)
    expect(new Set(places)).toEqual(new Set(['leaking-handles.test.mjs']))
    expect(said.match(/left open:/g)).toHaveLength(3)
    expect(said.match(/1 left open:/g)).toHaveLength(3)
  })

  it('[T5] fails the tests of vitest that leak, and tells those that run at once apart', async () => {
    const folder = mkdtempSync(path.join(root, '.leaks-'))
    try {
      const config = {
        include: ['../test/programs/leaking-vitest.mjs'],
        pool: 'forks',
        reporters: ['json'],
        server: { deps: { external: ['DIST'] } },
      }
      writeFileSync(
        path.join(folder, 'vitest.config.mjs'),
        `export default { test: ${JSON.stringify(config).replace('"DIST"', '/dist/')} }`,
      )
      const said = await run([vitest, 'run', '--root', folder], folder)
      const { testResults } = JSON.parse(said.slice(said.indexOf('{')))
      const outcomes = testResults[0].assertionResults.map(
        (result: { status: string; title: string }) => `${result.status} ${result.title}`,
      )
      expect(outcomes).toEqual([
        'failed leaves an interval',
        'passed leaves nothing',
        'passed is quick',
        'failed leaves a timer',
        'passed is slow',
      ])
      const messages = testResults[0].assertionResults.flatMap(
        (result: { failureMessages: string[] }) => result.failureMessages,
      )
      expect(messages[0]).toContain('interval of 1000000 ms')
      expect(messages[1]).not.toContain('ran at once')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
