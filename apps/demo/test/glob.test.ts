import { expect, it } from 'vitest'
import { LONGEST_CHANNEL, LONGEST_PATTERN } from '../src/commands/name-limits'
import { Glob } from '../src/resp/glob'

it.each([
  ['*', '', true],
  ['*', 'news', true],
  ['news', 'news', true],
  ['news', 'newsx', false],
  ['n?ws', 'news', true],
  ['n?ws', 'nws', false],
  ['news.*', 'news.art', true],
  ['news.*', 'news', false],
  ['*.art', 'news.art', true],
  ['*a*b*', 'xxaxxbxx', true],
  ['*a*b*', 'xxbxxaxx', false],
  ['h[ae]llo', 'hallo', true],
  ['h[ae]llo', 'hillo', false],
  ['h[^e]llo', 'hallo', true],
  ['h[^e]llo', 'hello', false],
  ['h[a-c]llo', 'hbllo', true],
  ['h[c-a]llo', 'hbllo', true],
  ['h[a-c]llo', 'hdllo', false],
  ['h[a\\]]llo', 'h]llo', true],
  ['h[]a]llo', 'ha]llo', false],
  ['h[ab', 'hb', true],
  ['\\*', '*', true],
  ['\\*', 'x', false],
  ['a\\', 'a\\', true],
  ['a**b', 'ab', true],
  ['', '', true],
  ['', 'x', false],
  ['[^]x', 'qx', true],
])('%j and %j: %j', (pattern, text, isMatch) => {
  expect(new Glob(pattern).matches(text)).toBe(isMatch)
})

it('reads a long pattern as it reads a short one', () => {
  const random = seeded(3)
  const pick = (from: string) => from.charAt(random() % from.length)
  let matching = 0
  for (let round = 0; round < 20_000; round++) {
    const pattern = Array.from({ length: random() % 9 }, () => pick('aab**?[^]\\-')).join('')
    const text = Array.from({ length: random() % 9 }, () => pick('aab-^')).join('')
    const padding = 'xy'.repeat(20)
    const isMatch = new Glob(pattern).matches(text)
    // Behind the padding each pattern is one of more than 32 tokens.
    expect([pattern, text, new Glob(`${padding}${pattern}`).matches(`${padding}${text}`)]).toEqual([
      pattern,
      text,
      isMatch,
    ])
    if (isMatch) matching++
  }
  expect(matching).toBeGreaterThan(1000)
})

it.each([
  ['stars', `${'a*'.repeat(LONGEST_PATTERN / 2 - 1)}b`],
  ['classes', `*${'[^b]'.repeat(LONGEST_PATTERN / 4 - 1)}b`],
  ['a long run', `*${'a'.repeat(LONGEST_PATTERN - 2)}b`],
])('walks the longest channel once for each 32 tokens: %s', (_name, pattern) => {
  const text = 'a'.repeat(LONGEST_CHANNEL)
  expect(new Glob(pattern).matches(text)).toBe(false)
  expect(new Glob(pattern).matches(`${text}b`)).toBe(true)
})

/** Numbers that look random and are the same each time. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state
  }
}
