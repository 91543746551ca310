import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { formatTable, median, summarize } from '../report.mjs'

const MAIN = new URL('../main.mjs', import.meta.url).pathname

function bench(...words: string[]) {
  return spawnSync(process.execPath, [MAIN, ...words], { encoding: 'utf8' })
}

function sample(arm: string, run: number, cpuUs: number, perSecond: number) {
  return { arm, run, cpuUs, userUs: cpuUs / 2, perSecond, bytes: Number.NaN }
}

it('holds each run against the same run of node:net', () => {
  const samples = [
    sample('net', 0, 10, 100),
    sample('x', 0, 1, 300),
    sample('x', 1, 4, 100),
    sample('net', 1, 20, 50),
  ]
  const [base, own] = summarize(samples, ['net', 'x'])
  expect(base?.cpu).toEqual({ median: 1, least: 1, most: 1 })
  expect(own?.cpu).toEqual({ median: expect.closeTo(0.15), least: 0.1, most: 0.2 })
  expect(own?.throughput).toEqual({ median: 2.5, least: 2, most: 3 })
  const table = formatTable({ title: 'Work', unit: 'command' }, summarize(samples, ['net', 'x']))
  expect(table).toMatch(/x +2\.50 us +1\.25 us +0\.15 +0\.10-0\.20 +200 +2\.50 +2\.00-3\.00/)
})

it('takes the median of odd and even numbers of runs', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
})

it('runs a bench of work and one of memory, and writes the figures to a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'x-bench-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const json = join(folder, 'figures.json')
  const small = ['--runs', '1', '--connections', '50', '--idle', '50', '--clients', '5', '--json', json]
  const { status, stdout } = bench('accept-echo-server-ends', 'idle-connections', '--arms', 'net', ...small)
  expect(status).toBe(0)
  expect(stdout).toMatch(
    /Accept, echo, the server ends\n.*CPU\/connection.*\n +net +[\d.]+ us +[\d.]+ us +1\.00/,
  )
  const { results } = JSON.parse(readFileSync(json, 'utf8'))
  expect(results).toMatchObject([
    { bench: 'accept-echo-server-ends', samples: [{ arm: 'net', run: 0 }] },
    { bench: 'idle-connections', samples: [{ arm: 'net', run: 0 }] },
  ])
})

it.each(['nonsense', '--runs 0', '--arms x', '--what'])('refuses: %s', words => {
  const { status, stderr } = bench(...words.split(' '))
  expect(status).toBe(1)
  expect(stderr).toMatch(/^bench: .+\n$/)
})
