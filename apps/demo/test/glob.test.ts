import { expect, it } from 'vitest'
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

it('takes no more than pattern times text, whatever the pattern', () => {
  const text = 'a'.repeat(2000)
  expect(new Glob(`${'a*'.repeat(1000)}b`).matches(text)).toBe(false)
})
