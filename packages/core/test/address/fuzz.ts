// Addresses and near misses from a seed, for comparing our functions with node:net's. Not a test by itself.

/** Numbers from 0 to below 1, the same ones for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function pick<T>(next: () => number, from: readonly T[]): T {
  return from[Math.floor(next() * from.length)]!
}

/** A valid IPv4 address from a small neighbourhood, so that rules and questions meet. */
export function nearIPv4(next: () => number): string {
  return `10.${pick(next, [0, 1])}.${pick(next, [0, 127, 128])}.${Math.floor(next() * 6)}`
}

/** A valid IPv6 address from a small neighbourhood; some of them map IPv4. */
export function nearIPv6(next: () => number): string {
  if (next() < 0.5) return `::ffff:${nearIPv4(next)}`
  return pick(next, [
    '::',
    '::1',
    '::2',
    'fe80::1',
    'fe80::ffff',
    '2001:db8::5',
    '::a00:1',
    '::fffe:a00:1',
    'ff::',
  ])
}

/** Texts that are IP addresses, or differ from one by little. */
export function addressTexts(next: () => number, count: number): string[] {
  return Array.from({ length: count }, () => {
    const text = next() < 0.3 ? dotted(next) : colons(next)
    return next() < 0.4 ? damage(next, text) : text
  })
}

function dotted(next: () => number): string {
  return Array.from({ length: 4 }, () =>
    pick(next, [0, 1, 9, 10, 99, 100, 199, 249, 255, Math.floor(next() * 256)]),
  ).join('.')
}

function colons(next: () => number): string {
  const groups = Array.from({ length: 8 }, () =>
    pick(next, ['0', '0', '0', '1', 'ffff', 'FFFF', '00a', Math.floor(next() * 65536).toString(16)]),
  )
  if (next() < 0.3) groups.splice(6, 2, dotted(next))
  if (next() < 0.7) {
    const start = Math.floor(next() * groups.length)
    groups.splice(start, 1 + Math.floor(next() * (groups.length - start)), '')
    if (groups[0] === '') groups.unshift('')
    if (groups.at(-1) === '') groups.push('')
  }
  return `${groups.join(':')}${next() < 0.1 ? pick(next, ['%1', '%eth0', '%', '%a_b']) : ''}`
}

function damage(next: () => number, text: string): string {
  const at = Math.floor(next() * (text.length + 1))
  const characters = [':', '::', '.', '0', 'f', 'g', ' ', '%', '1.2.3.4', '/', '-', '\n', '00']
  const inserted = next() < 0.6 ? pick(next, characters) : ''
  return text.slice(0, at) + inserted + text.slice(at + (next() < 0.5 ? 1 : 0))
}
