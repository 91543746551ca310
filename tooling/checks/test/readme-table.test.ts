import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../run/reports.mjs'
import { claimsOf, evidenceOf, readmeTable, tableOf, unfounded, withTable } from '../readme-table.mjs'
import { planted } from './planted'

const empty = `# a
<!-- what works: made from the tests by \`pnpm readme-table\` -->
<!-- end of what works -->
b
`

function test(name: string, outcome: Outcome['outcome'] = 'passed'): Outcome {
  return { from: '@x/core', name, outcome }
}

const evidence = evidenceOf([
  test('server on native [S9] emits'),
  test('server on portable [S9] emits', 'failed'),
  test('[S12, S15] address', 'passed'),
  test('server on native [S12] address', 'skipped'),
])

describe('readme-table', () => {
  it('ticks what passed, and nothing that failed or was skipped', () => {
    const readme = withTable(empty, tableOf(evidence))
    expect(claimsOf(readme)).toEqual(['S9 native', 'S12 any', 'S15 any'])
    expect(readme.endsWith('\nb\n')).toBe(true)
  })

  it('finds claims that no test shows or that failed', () => {
    expect(unfounded(['S9 native', 'S9 portable', 'S1 any'], evidence)).toEqual([
      'README.md claims S9 portable: 1 of its tests failed',
      'README.md claims S1 any: no test shows it',
    ])
  })

  it('says nothing of claims whose tests were skipped here', () => {
    expect(unfounded(['S12 native'], evidence)).toEqual([])
    expect(unfounded(['S9 native'], evidenceOf([test('on portable [S9] emits')]))).toEqual([])
  })

  it('holds the README against the reports of the last run', () => {
    const report = (status: string) =>
      JSON.stringify({
        testResults: [
          { name: 'a.test.ts', status, assertionResults: [{ fullName: 'on native [S9] emits', status }] },
        ],
      })
    const readme = withTable(empty, tableOf(evidenceOf([test('on native [S9] emits')])))
    expect(
      readmeTable.violations(planted({ 'README.md': readme, '.reports/@x+core.json': report('passed') })),
    ).toEqual([])
    expect(
      readmeTable.violations(planted({ 'README.md': readme, '.reports/@x+core.json': report('failed') })),
    ).toEqual(['README.md claims S9 native: 1 of its tests failed'])
  })
})
