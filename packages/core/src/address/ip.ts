// IP addresses as text and as numbers: validation, value, canonical text. It knows no ports and no errors.

/** A decimal byte without leading zeros. */
const BYTE = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = new RegExp(`^${BYTE}(?:\\.${BYTE}){3}$`)
const GROUP = /^[0-9a-f]{1,4}$/i
const SCOPE = /^[0-9a-z.:-]+$/i

/**
 * An address as a number of 128 bits in four parts of 32, most significant first. An IPv4 address has the value that IPv6 maps it
 * to (`::ffff:0:0/96`, RFC 4291 2.5.5.2), so that both are compared in one space.
 */
export interface IpValue {
  /** True if it was written as IPv4; false for a mapped address that was written as IPv6. */
  readonly isIPv4: boolean
  readonly words: readonly [number, number, number, number]
}

/** Where IPv4 begins in the space of IPv6: the third word of a mapped address. */
const MAPPED = 0xffff

/** True for a value that is IPv4, in either notation. */
export function isMapped({ words }: IpValue): boolean {
  return words[0] === 0 && words[1] === 0 && words[2] === MAPPED
}

/** Parses a dotted IPv4 address; undefined if it is not one. */
export function parseIPv4(text: string): IpValue | undefined {
  if (!IPV4.test(text)) return undefined
  return { isIPv4: true, words: [0, 0, MAPPED, dottedValue(text)] }
}

/** Reads an IPv6 address (RFC 4291 2.2) without a scope; undefined if it is not one. */
export function parseIPv6(text: string): IpValue | undefined {
  const gap = text.indexOf('::')
  const head = groupsOf(gap === -1 ? text : text.slice(0, gap))
  if (gap === -1) return head?.length === 8 ? ipv6Value(head) : undefined
  const tail = groupsOf(text.slice(gap + 2))
  // A gap stands for one group of zeros at least.
  if (head === undefined || tail === undefined || head.length + tail.length > 7) return undefined
  if (head.length > 0 && text.slice(0, gap).includes('.')) return undefined
  return ipv6Value([...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail])
}

/** The 16-bit groups of one side of `::`, of which the last may be an IPv4 address; undefined if one is invalid. */
function groupsOf(text: string): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    if (GROUP.test(part)) {
      groups.push(Number.parseInt(part, 16))
    } else if (index === parts.length - 1 && IPV4.test(part)) {
      const value = dottedValue(part)
      groups.push(value >>> 16, value & 0xffff)
    } else {
      return undefined
    }
  }
  return groups
}

function dottedValue(text: string): number {
  return text.split('.').reduce((value, byte) => value * 256 + Number(byte), 0)
}

function ipv6Value(groups: readonly number[]): IpValue {
  const word = (at: number): number => ((groups[at]! << 16) | groups[at + 1]!) >>> 0
  return { isIPv4: false, words: [word(0), word(2), word(4), word(6)] }
}

/** The canonical text, as the system writes it (inet_ntop(3)): `::ffff:1.2.3.4`, `fe80::1`. */
export function formatIp({ isIPv4, words }: IpValue): string {
  const dotted = [words[3] >>> 24, (words[3] >>> 16) & 0xff, (words[3] >>> 8) & 0xff, words[3] & 0xff].join(
    '.',
  )
  if (isIPv4) return dotted
  const groups = words.flatMap(word => [word >>> 16, word & 0xffff])
  const gap = longestZeros(groups)
  // IPv4-compatible addresses (with more than their last group set) and IPv4-mapped ones end in the dotted form.
  const isCompatible = gap.start === 0 && gap.length === 6
  const isMappedGap = gap.start === 0 && gap.length === 5 && groups[5] === 0xffff
  if (isCompatible) return `::${dotted}`
  if (isMappedGap) return `::ffff:${dotted}`
  const hex = groups.map(group => group.toString(16))
  if (gap.length < 2) return hex.join(':')
  return `${hex.slice(0, gap.start).join(':')}::${hex.slice(gap.start + gap.length).join(':')}`
}

/** The first of the longest runs of zero groups. */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 }
  let start = 0
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1
    else if (index + 1 - start > longest.length) longest = { start, length: index + 1 - start }
  }
  return longest
}

/**
 * Negative if a comes before b, positive if after, 0 if they are equal; NaN if one was written as IPv4 and the other is an
 * IPv6 address that maps no IPv4 address: these have no order.
 */
export function compareIp(a: IpValue, b: IpValue): number {
  if ((a.isIPv4 && !isMapped(b)) || (b.isIPv4 && !isMapped(a))) return Number.NaN
  for (let at = 0; at < 4; at++) {
    const difference = a.words[at as 0] - b.words[at as 0]
    if (difference !== 0) return difference
  }
  return 0
}

/** The address with all but its first `length` bits (0 to 128) set to 0. */
export function maskIp({ isIPv4, words }: IpValue, length: number): IpValue {
  const masked = words.map((word, at) => {
    const bits = Math.min(Math.max(length - at * 32, 0), 32)
    // Shifts count modulo 32, so a mask without bits is written out.
    return bits === 0 ? 0 : (word & (-1 << (32 - bits))) >>> 0
  }) as [number, number, number, number]
  return { isIPv4, words: masked }
}

/** A key for a Map, the same for both notations of an IPv4 address. */
export function ipKey(value: IpValue): number | string {
  return isMapped(value) ? value.words[3] : value.words.join(':')
}

/**
 * 4 for a dotted IPv4 address (four decimal bytes, no leading zeros), 6 for an IPv6 address, with a scope
 * (`fe80::1%eth0`) or without, else 0. Other values are converted to a string.
 * Source: https://nodejs.org/api/net.html#netisipinput
 */
export function isIP(input?: unknown): 0 | 4 | 6 {
  if (isIPv4(input)) return 4
  return isIPv6(input) ? 6 : 0
}

/** True for a dotted IPv4 address. Source: https://nodejs.org/api/net.html#netisipv4input */
export function isIPv4(input?: unknown): boolean {
  return IPV4.test(`${input as string}`)
}

/** True for an IPv6 address, with a scope or without. Source: https://nodejs.org/api/net.html#netisipv6input */
export function isIPv6(input?: unknown): boolean {
  const text = `${input as string}`
  const percent = text.indexOf('%')
  if (percent === -1) return parseIPv6(text) !== undefined
  return SCOPE.test(text.slice(percent + 1)) && parseIPv6(text.slice(0, percent)) !== undefined
}
