// What is called a difference between two versions, and what noise.
import { describe, expect, it } from 'vitest'
import { judge, runsNeeded } from '../compare/verdict.mjs'
import { chanceOf } from '../statistics.mjs'
import { bench } from './command-line'

/** Runs whose noise is larger than any difference that is looked for, the same in both of a pair. */
const runs = [10, 14, 9, 12, 20, 11, 10, 13, 9, 15]
const jitter = [1.01, 0.99, 1.02, 1, 0.98, 1.01, 0.99, 1, 1.01, 0.98]

function pairs(factor: number, name = 'ping') {
  const b = runs.map((value, at) => value * factor * (jitter[at] ?? 1))
  return { bench: name, figure: 'CPU us/command', a: runs, b }
}

describe('the verdict', () => {
  it('finds what is 10 % cheaper in every pair, whatever the runs themselves do', () => {
    const [verdict] = judge([pairs(0.9)])
    expect(verdict).toMatchObject({ finding: 'less', ratio: expect.closeTo(0.9, 1) })
    expect(verdict?.words).toMatch(
      /^B costs \d+\.\d % less \(95 % sure of \d+\.\d % to \d+\.\d %\); chance does this once in 512$/,
    )
  })

  it('finds what is dearer', () => {
    expect(judge([pairs(1.2)])[0]).toMatchObject({ finding: 'more', words: expect.stringMatching(/ more /) })
  })

  it('calls no difference noise, and says what it could not see', () => {
    const [verdict] = judge([pairs(1)])
    expect(verdict?.finding).toBe('noise')
    expect(verdict?.words).toMatch(/^noise: .* within -\d\.\d % to \+\d\.\d %$/)
  })

  it('asks more of each of many comparisons', () => {
    const few = { ...pairs(0.9), a: runs.slice(0, 6), b: pairs(0.9).b.slice(0, 6) }
    expect(judge([few])[0]?.finding).toBe('less')
    expect(judge([few, few, few]).map(({ finding }) => finding)).toEqual(['noise', 'noise', 'noise'])
  })

  it('knows how many runs it takes to show anything', () => {
    for (const comparisons of [1, 2, 8, 25]) {
      const clearest = (count: number) => chanceOf(Array.from({ length: count }, () => 1)) * comparisons
      const needed = runsNeeded(comparisons)
      expect(clearest(needed)).toBeLessThan(0.05)
      expect(clearest(needed - 1)).toBeGreaterThanOrEqual(0.05)
    }
  })
})

describe('the command refuses', () => {
  it.each([
    ['compare HEAD', 'compare takes two commits'],
    ['compare HEAD no-such-commit', 'no commit "no-such-commit"; "." is the working tree'],
    ['compare HEAD HEAD nonsense', 'no bench "nonsense"; there are ping, '],
    [
      'compare HEAD HEAD --transport carrier-pigeon',
      'no transport "carrier-pigeon"; there are native, portable',
    ],
  ])('%s', (words, message) => {
    const { status, stderr } = bench(...words.split(' '))
    expect(status).toBe(1)
    expect(stderr.startsWith(`bench: ${message}`)).toBe(true)
  })
})
