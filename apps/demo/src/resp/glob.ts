// Which channels a pattern means: Redis's glob (`*`, `?`, `[a-c]`, `[^x]`, `\`). It knows text alone.

/** A set of characters as pairs of first and last code; `isExcluding` for `[^...]`. */
interface CharacterClass {
  readonly ranges: readonly (readonly [number, number])[]
  readonly isExcluding: boolean
}

/** A character's code, `any` for `?`, `star` for `*`, or a class. */
type Token = number | 'any' | 'star' | CharacterClass

/** A pattern made ready once, to be matched often. Time is bounded by pattern times text: no pattern is a trap. */
export class Glob {
  readonly #tokens: readonly Token[]

  constructor(pattern: string) {
    this.#tokens = tokenize(pattern)
  }

  matches(text: string): boolean {
    const tokens = this.#tokens
    let token = 0
    let at = 0
    let lastStar = -1
    let resumeAt = 0
    while (at < text.length) {
      const current = tokens[token]
      if (current === 'star') {
        lastStar = token++
        resumeAt = at
      } else if (current !== undefined && accepts(current, text.charCodeAt(at))) {
        token++
        at++
      } else if (lastStar >= 0) {
        token = lastStar + 1
        at = ++resumeAt
      } else {
        return false
      }
    }
    while (tokens[token] === 'star') token++
    return token === tokens.length
  }
}

function accepts(token: Exclude<Token, 'star'>, code: number): boolean {
  if (token === 'any') return true
  if (typeof token === 'number') return token === code
  return token.ranges.some(([first, last]) => first <= code && code <= last) !== token.isExcluding
}

function tokenize(pattern: string): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern.charAt(at)
    if (char === '*') {
      if (tokens.at(-1) !== 'star') tokens.push('star')
    } else if (char === '?') {
      tokens.push('any')
    } else if (char === '[') {
      const { token, last } = readClass(pattern, at + 1)
      tokens.push(token)
      at = last
    } else {
      if (char === '\\' && at + 1 < pattern.length) at++
      tokens.push(pattern.charCodeAt(at))
    }
  }
  return tokens
}

/** Reads from behind the `[`; a class that is never closed ends with the pattern. */
function readClass(pattern: string, start: number): { token: CharacterClass; last: number } {
  const ranges: [number, number][] = []
  const isExcluding = pattern.charAt(start) === '^'
  let at = isExcluding ? start + 1 : start
  for (; at < pattern.length && pattern.charAt(at) !== ']'; at++) {
    if (pattern.charAt(at) === '\\' && at + 1 < pattern.length) {
      at++
      ranges.push([pattern.charCodeAt(at), pattern.charCodeAt(at)])
    } else if (pattern.charAt(at + 1) === '-' && at + 2 < pattern.length) {
      const ends = [pattern.charCodeAt(at), pattern.charCodeAt(at + 2)].sort((a, b) => a - b)
      ranges.push([ends[0]!, ends[1]!])
      at += 2
    } else {
      ranges.push([pattern.charCodeAt(at), pattern.charCodeAt(at)])
    }
  }
  return { token: { ranges, isExcluding }, last: at }
}
