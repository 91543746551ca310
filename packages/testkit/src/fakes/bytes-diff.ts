// Bytes as text that a person can compare. It knows no peer and no script.

const LINE_BYTES = 32
const CONTEXT_LINES = 2

/** Bytes with line ends and what cannot be printed as escapes: `PING\r\n`. */
export function printable(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) {
    if (byte === 13) text += '\\r'
    else if (byte === 10) text += '\\n'
    else if (byte === 9) text += '\\t'
    else if (byte === 92) text += '\\\\'
    else if (byte >= 32 && byte < 127) text += String.fromCharCode(byte)
    else text += `\\x${byte.toString(16).padStart(2, '0')}`
  }
  return text
}

/** Where two byte strings part; their length where one begins the other. */
export function firstDifference(one: Uint8Array, other: Uint8Array): number {
  const length = Math.min(one.length, other.length)
  for (let at = 0; at < length; at++) if (one[at] !== other[at]) return at
  return length
}

/** What was expected (`-`) and what came (`+`), around the first difference, in pieces that end with a line. */
export function describeDifference(expected: Uint8Array, received: Uint8Array): string {
  const at = firstDifference(expected, received)
  const [wanted, got] = [pieces(expected), pieces(received)]
  const first = wanted.findIndex((piece, index) => !got[index] || !Buffer.from(piece).equals(got[index]))
  const differs = first < 0 ? wanted.length : first
  const lines = [`they part at byte ${at}:`]
  for (let index = Math.max(0, differs - CONTEXT_LINES); index < differs; index++) {
    lines.push(`    ${printable(wanted[index]!)}`)
  }
  for (const piece of wanted.slice(differs, differs + CONTEXT_LINES + 1))
    lines.push(`  - ${printable(piece)}`)
  for (const piece of got.slice(differs, differs + CONTEXT_LINES + 1)) lines.push(`  + ${printable(piece)}`)
  if (got.length <= differs) lines.push('  + (nothing)')
  return lines.join('\n')
}

function pieces(bytes: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = []
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(10, start)
    const end = newline < 0 ? bytes.length : newline + 1
    const stop = Math.min(end, start + LINE_BYTES * 2)
    found.push(bytes.subarray(start, stop))
    start = stop
  }
  return found
}
