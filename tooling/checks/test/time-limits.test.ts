import { describe, expect, it } from 'vitest'
import { timeLimits } from '../time-limits.mjs'
import { planted } from './planted'

describe('time limits', () => {
  it.each([
    ["it('a', { timeout: 5_000 }, async () => {})", 1],
    ["it('a', {\n  timeout: 3 * minutes,\n}, () => {})", 1],
    ["describe('a', { timeout: 60000 }, () => {})", 1],
    ["it('a', () => {\n}, 60_000)", 2],
    ["it('a', () => {\n}, 2 * minutes)", 2],
    ['vi.setConfig({ testTimeout: 1000 })', 1],
  ])('finds %j', (text, line) => {
    expect(timeLimits.violations(planted({ 'test/a.test.ts': text }))).toEqual([`test/a.test.ts:${line}`])
  })

  it('leaves what is tested alone, and programs that tests run', () => {
    const text =
      'connect({ port, timeout: 60_000 }, () => {})\nsetTimeout(() => {\n}, 10)\nrequest(1, { timeoutMs: 1 })'
    const files = { 'test/a.test.ts': text, 'test/program.mjs': 'x(() => {\n}, 60_000)' }
    expect(timeLimits.violations(planted(files))).toEqual([])
  })
})
