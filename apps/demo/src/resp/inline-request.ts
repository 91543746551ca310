// How one line typed by a person (telnet, nc) falls into arguments, as Redis reads it. It knows nothing of the wire.

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' }
const SPACE = /[ \t\n\v\f\r]/
const HEX_BYTE = /^[0-9a-fA-F]{2}$/

/** The arguments of `line` (latin1 text without its line break); null where a quote is left open or runs on. */
export function splitInlineRequest(line: string): string[] | null {
  const words: string[] = []
  let at = 0
  for (;;) {
    while (at < line.length && SPACE.test(line.charAt(at))) at++
    if (at >= line.length) return words
    const word = readWord(line, at)
    if (word === null) return null
    words.push(word.text)
    at = word.end
  }
}

function readWord(line: string, start: number): { text: string; end: number } | null {
  let text = ''
  let at = start
  while (at < line.length) {
    const char = line.charAt(at)
    if (SPACE.test(char)) break
    if (char === '"' || char === "'") {
      const quoted = readQuoted(line, at + 1, char)
      if (quoted === null) return null
      return { text: text + quoted.text, end: quoted.end }
    }
    text += char
    at++
  }
  return { text, end: at }
}

/** Reads up to the closing `quote`, which a space or the end of the line has to follow. */
function readQuoted(line: string, start: number, quote: string): { text: string; end: number } | null {
  let text = ''
  let at = start
  while (at < line.length) {
    const char = line.charAt(at)
    if (char === quote) {
      const end = at + 1
      return end < line.length && !SPACE.test(line.charAt(end)) ? null : { text, end }
    }
    if (char !== '\\' || at + 1 >= line.length) {
      text += char
      at++
    } else if (quote === "'") {
      const isQuote = line.charAt(at + 1) === "'"
      text += isQuote ? "'" : char
      at += isQuote ? 2 : 1
    } else if (line.charAt(at + 1) === 'x' && HEX_BYTE.test(line.slice(at + 2, at + 4))) {
      text += String.fromCharCode(Number.parseInt(line.slice(at + 2, at + 4), 16))
      at += 4
    } else {
      const escaped = line.charAt(at + 1)
      text += ESCAPES[escaped] ?? escaped
      at += 2
    }
  }
  return null
}
