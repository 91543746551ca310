import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { closing, outcomesOf, totals } from '../reports.mjs'

const fine = { ok: true, code: 0, signal: null, timedOut: false }
const broken = { ok: false, code: 1, signal: null, timedOut: false }

function report(...suites: { name: string; status: string; message?: string; tests: [string, string][] }[]) {
  const folder = mkdtempSync(path.join(tmpdir(), 'x-reports-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const testResults = suites.map(({ tests, ...suite }) => ({
    ...suite,
    assertionResults: tests.map(([fullName, status]) => ({ fullName, status, failureMessages: [] })),
  }))
  const file = path.join(folder, 'report.json')
  writeFileSync(file, JSON.stringify({ testResults }))
  writeFileSync(`${file}.skipped`, '{ "c": "no valgrind here" }')
  return file
}

describe('reports', () => {
  it('closes with one line of real counts, after the names of what was skipped and what failed', () => {
    const tests: [string, string][] = [
      [' a', 'passed'],
      [' b', 'failed'],
      [' c', 'pending'],
      [' d', 'todo'],
    ]
    const outcomes = outcomesOf(
      '@x/core',
      report({ name: 'server.test.ts', status: 'failed', tests }),
      broken,
    )
    expect(closing(outcomes)).toEqual([
      'skipped: @x/core: no valgrind here',
      'skipped: @x/core: server.test.ts > d',
      'failed: @x/core: server.test.ts > b',
      '1 passed, 1 failed, 2 skipped',
    ])
  })

  it('counts a file that could not be loaded as a failure', () => {
    const file = report({ name: 'a.test.ts', status: 'failed', message: 'no such module\n at', tests: [] })
    expect(closing(outcomesOf('@x/ipc', file, broken))).toEqual([
      'failed: @x/ipc: a.test.ts (no such module)',
      '0 passed, 1 failed, 0 skipped',
    ])
  })

  it('counts a command that failed without a failed test', () => {
    const file = report({ name: 'a.test.ts', status: 'passed', tests: [['a', 'passed']] })
    expect(totals(outcomesOf('@x/ipc', file, broken))).toEqual({ passed: 1, failed: 1, skipped: 0 })
    expect(totals(outcomesOf('@x/ipc', `${file}.none`, { ...broken, timedOut: true })).failed).toBe(1)
  })

  it('counts a package without tests as nothing', () => {
    expect(outcomesOf('@x/ipc', report(), fine)).toEqual([])
  })
})
