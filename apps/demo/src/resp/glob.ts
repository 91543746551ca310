// Which channels a pattern means: Redis's glob (`*`, `?`, `[a-c]`, `[^x]`, `\`). It knows text alone: latin1, one character
// to a byte.

/** Which of the 256 characters a class means: one bit for each. */
type CharacterSet = Uint32Array

/** A character's code, `any` for `?`, `star` for `*`, or a class. */
type Token = number | 'any' | 'star' | CharacterSet

/** Up to so many tokens are tried one after the other: that is quicker for them, and bounded by their number. */
const SHORT_TOKENS = 32

/**
 * A pattern made ready once, to be matched often. Time grows with the text's length times that of the pattern, and for a
 * long pattern with a 32nd of that: no pattern is a trap.
 */
export class Glob {
  readonly #tokens: readonly Token[]
  readonly #automaton: Automaton | null

  constructor(pattern: string) {
    this.#tokens = tokenize(pattern)
    this.#automaton = this.#tokens.length > SHORT_TOKENS ? new Automaton(this.#tokens) : null
  }

  matches(text: string): boolean {
    return this.#automaton === null ? this.#try(text) : this.#automaton.matches(text)
  }

  /** From the last star on, at each place of the text in turn: what a star before the last one took need not be changed. */
  #try(text: string): boolean {
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

/**
 * Goes through the text once, with all places of the pattern at which it may be as bits of words (the Shift-And method;
 * Baeza-Yates and Gonnet, "A new approach to text searching", 1992). Place `n` is behind the `n`th token that is no star.
 */
class Automaton {
  readonly #tokens: readonly Exclude<Token, 'star'>[]
  readonly #words: number
  /** The places that a star follows: one stays there whatever comes. */
  readonly #staying: Uint32Array
  /** The places that a character leads to, for the characters that were seen. */
  readonly #leading = new Map<number, Uint32Array>()

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens.filter(token => token !== 'star')
    this.#words = (this.#tokens.length >>> 5) + 1
    this.#staying = new Uint32Array(this.#words)
    let place = 0
    for (const token of tokens) {
      if (token === 'star') addBit(this.#staying, place)
      else place++
    }
  }

  matches(text: string): boolean {
    const words = this.#words
    const staying = this.#staying
    const places = new Uint32Array(words)
    places[0] = 1
    for (let at = 0; at < text.length; at++) {
      const leading = this.#leadingOf(text.charCodeAt(at))
      let carry = 0
      let some = 0
      for (let word = 0; word < words; word++) {
        const before = places[word]!
        const after = (((before << 1) | carry) & leading[word]!) | (before & staying[word]!)
        carry = before >>> 31
        places[word] = after
        some |= after
      }
      if (some === 0) return false
    }
    return hasBit(places, this.#tokens.length)
  }

  #leadingOf(code: number): Uint32Array {
    let leading = this.#leading.get(code)
    if (leading === undefined) {
      leading = new Uint32Array(this.#words)
      for (const [index, token] of this.#tokens.entries()) {
        if (accepts(token, code)) addBit(leading, index + 1)
      }
      this.#leading.set(code, leading)
    }
    return leading
  }
}

function accepts(token: Exclude<Token, 'star'>, code: number): boolean {
  if (token === 'any') return true
  return typeof token === 'number' ? token === code : hasBit(token, code)
}

function addBit(words: Uint32Array, bit: number): void {
  words[bit >>> 5]! |= 1 << (bit & 31)
}

function hasBit(words: Uint32Array, bit: number): boolean {
  return (words[bit >>> 5]! & (1 << (bit & 31))) !== 0
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
function readClass(pattern: string, start: number): { token: CharacterSet; last: number } {
  const token = new Uint32Array(8)
  const isExcluding = pattern.charAt(start) === '^'
  let at = isExcluding ? start + 1 : start
  for (; at < pattern.length && pattern.charAt(at) !== ']'; at++) {
    if (pattern.charAt(at) === '\\' && at + 1 < pattern.length) {
      at++
      addBit(token, pattern.charCodeAt(at))
    } else if (pattern.charAt(at + 1) === '-' && at + 2 < pattern.length) {
      const ends = [pattern.charCodeAt(at), pattern.charCodeAt(at + 2)]
      for (let code = Math.min(...ends); code <= Math.max(...ends); code++) addBit(token, code)
      at += 2
    } else {
      addBit(token, pattern.charCodeAt(at))
    }
  }
  return { token: isExcluding ? token.map(word => ~word) : token, last: at }
}
