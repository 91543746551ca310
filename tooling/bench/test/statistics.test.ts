// Medians, ranges and chance, on numbers whose answers are known.
import { describe, expect, it } from 'vitest'
import { placeOn, placeSpread, processorsOf } from '../processors.mjs'
import { remaining } from '../progress.mjs'
import { chanceOf, correctForMany, intervalOfMedian, median, spread } from '../statistics.mjs'
import { formatTable, summarize } from '../summary.mjs'

function sample(arm: string, run: number, cpuUs: number, perSecond: number) {
  return { arm, run, cpuUs, userUs: cpuUs / 2, perSecond }
}

describe('statistics', () => {
  it('takes the median of odd and even numbers of values', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2.5)
    expect(median([])).toBeNaN()
  })

  it('gives the range beside the median', () => {
    expect(spread([3, 1, 2])).toEqual({ median: 2, least: 1, most: 3 })
  })

  it('counts the ways to flip the signs of pairs that are as far apart', () => {
    // All five on one side: 2 of 32 ways are as far.
    expect(chanceOf([1, 2, 3, 4, 5])).toBe(2 / 32)
    expect(chanceOf([1, -1])).toBe(1)
    expect(chanceOf([1, 1, 1, -1])).toBe(10 / 16)
    expect(chanceOf([])).toBe(1)
  })

  it('samples the ways where there are too many to count', () => {
    expect(chanceOf(Array.from({ length: 20 }, () => 1))).toBeLessThan(0.001)
    expect(chanceOf(Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? 1 : -1)))).toBe(1)
  })

  it("corrects for many comparisons as Holm's method does", () => {
    const corrected = correctForMany([0.04, 0.01, 0.03])
    for (const [at, value] of [0.06, 0.03, 0.06].entries()) expect(corrected[at]).toBeCloseTo(value, 12)
    expect(correctForMany([0.9, 0.8])).toEqual([1, 1])
  })

  it('finds the interval of a median, always the same for the same values', () => {
    const values = [0.9, 0.92, 0.93, 0.95, 0.96, 0.97, 1.02]
    const { low, high } = intervalOfMedian(values)
    expect(low).toBeLessThanOrEqual(0.93)
    expect(high).toBeGreaterThanOrEqual(0.96)
    expect(values).toContain(low)
    expect(intervalOfMedian(values)).toEqual({ low, high })
    expect(intervalOfMedian([2, 2, 2])).toEqual({ low: 2, high: 2 })
  })
})

describe('the summary', () => {
  const samples = [
    sample('net', 0, 10, 100),
    sample('x', 0, 1, 300),
    sample('x', 1, 4, 100),
    sample('net', 1, 20, 50),
  ]

  it('holds each run against the same run of node:net', () => {
    const [base, own] = summarize(samples, ['net', 'x'])
    expect(base?.ratios.cpu).toEqual({ median: 1, least: 1, most: 1 })
    expect(own?.ratios.cpu).toEqual({ median: expect.closeTo(0.15), least: 0.1, most: 0.2 })
    expect(own?.ratios.throughput).toEqual({ median: 2.5, least: 2, most: 3 })
    expect(own?.ratios.memory).toBeUndefined()
  })

  it('prints a row for each arm', () => {
    const table = formatTable({ title: 'Work', unit: 'command' }, summarize(samples, ['net', 'x']))
    expect(table).toMatch(/x +2\.50 us +1\.25 us +0\.15 +0\.10-0\.20 +200 +2\.50 +2\.00-3\.00/)
  })
})

it('gives the server the last processor, and the load the others', () => {
  expect(processorsOf('0-2,5')).toEqual([0, 1, 2, 5])
  expect(placeOn([0, 1, 2, 5])).toEqual({ server: '5', load: '0,1,2' })
  expect(placeOn([3])).toEqual({ server: null, load: null })
  expect(placeSpread(placeOn([0, 1, 2, 5]))).toEqual({ server: '1,2,5', load: '0' })
  expect(placeSpread(placeOn([0, 1]))).toEqual({ server: '1', load: '0' })
  expect(placeSpread(placeOn([3]))).toEqual({ server: null, load: null })
})

it('guesses what is left from what has passed, once there is enough to go by', () => {
  expect(remaining(2, 100, 1000)).toBe('')
  expect(remaining(10, 40, 20_000)).toBe(', about 60 s left')
  expect(remaining(10, 100, 20_000)).toBe(', about 3 min left')
})
