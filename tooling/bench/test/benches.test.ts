// Each bench once, with so little work that its figures say nothing.
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BENCHES } from '../benches.mjs'
import { bench, startBench, TINY, tinyOutcome } from './command-line'

describe('each bench measures each arm that has its server', () => {
  it.each(BENCHES.map(({ name, arms, hold }) => ({ name, arms, isMemory: hold !== undefined })))(
    '$name',
    ({ name, arms, isMemory }) => {
      // Ten thousand connections take a while to open: once is enough.
      const usual = name === 'among-10000' ? ['net'] : ['net', 'native', 'c']
      const wanted = usual.filter(arm => arms?.includes(arm) ?? true)
      const { results, missing } = tinyOutcome(name, '--arms', wanted.join())
      const left = new Set(missing.map(one => one.name))
      expect(results.map(result => result.bench)).toEqual(left.has(name) ? [] : [name])
      for (const { rows, samples } of results) {
        expect(rows.map(row => row.arm)).toEqual(wanted.filter(arm => !left.has(arm)))
        for (const sample of samples) {
          if (isMemory) expect(sample.bytes).toEqual(expect.any(Number))
          else expect(sample.perSecond).toBeGreaterThan(0)
        }
      }
    },
  )
})

it('runs the same server on Bun and Deno, where npm has them', () => {
  const { results, arms, missing } = tinyOutcome('ping', '--arms', 'bun,deno')
  expect([...arms.slice(1), ...missing].map(({ name }) => name).sort()).toEqual(['bun', 'deno'])
  const names = results.flatMap(({ rows }) => rows.map(row => row.arm))
  expect(names).toEqual(results.length === 0 ? [] : arms.map(({ name }) => name))
})

it('names the processor and the versions, and neither the machine nor its paths', () => {
  const outcome = tinyOutcome('accept-echo-reset', '--arms', 'native')
  expect(outcome.node).toBe(process.versions.node)
  expect(outcome.machine).toMatch(/^\d+ x \S/)
  const text = JSON.stringify(outcome)
  for (const secret of [process.cwd(), process.execPath, tmpdir(), userInfo().homedir])
    expect(text).not.toContain(secret)
})

it('says once what is not here, and runs the rest', () => {
  const { status, stdout } = bench('accept-echo', '--arms', 'bun', '--bun', '/nowhere/bun', ...TINY)
  expect(status).toBe(0)
  expect(stdout.match(/^Left out: bun \(it does not run \(--bun FILE names another\)\)$/gm)).toHaveLength(1)
  expect(stdout).toMatch(/Accept, echo, the server ends\n.*CPU\/connection.*\n +net +[\d.]+ us/)
})

it('goes on without an arm that fails, says which, and ends as a failure', () => {
  // A Bun that tells its version, and runs no server.
  const folder = mkdtempSync(path.join(tmpdir(), 'x-bench-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const bun = path.join(folder, 'bun')
  writeFileSync(bun, '#!/bin/sh\n[ "$1" = --version ] && echo 1.2.3\n', { mode: 0o755 })
  const { status, stdout, stderr } = bench('accept-echo-reset', '--arms', 'bun,native', '--bun', bun, ...TINY)
  expect(status).toBe(1)
  expect(stderr).toMatch(/^bench: bun failed in accept-echo-reset: .* has ended without an answer\n$/)
  expect(stdout).toMatch(/\n +native +[\d.]+ us/)
})

it('refuses a file for the figures that cannot be written, before it measures', () => {
  const { status, stdout, stderr } = bench('ping', ...TINY, '--json', '/nowhere/figures.json')
  expect([status, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/^bench: ENOENT: .*figures\.json/)
})

it('leaves no process behind when it is interrupted', async () => {
  const endless = ['ping', 'accept-echo-reset', 'latency', '--arms', 'net,native', ...TINY]
  const running = startBench(...endless, '--connections', '100000000')
  // Its servers write their errors to the same pipe, so that it closes once all have ended.
  const closed = once(running, 'close')
  for await (const text of running.stdout.setEncoding('utf8')) if (text.includes('CPU/command')) break
  running.kill('SIGINT')
  const [code] = await closed
  expect(code).toBe(130)
})
