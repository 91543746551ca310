// What a peer may say, and what it may not: frames of the channel's protocol from a grammar, most of them right in most
// places, wrong in some. It knows the protocol as docs/ipc.md has it, and no channel.
import { isOdd, pick } from './dice.mjs'

/** @typedef {((below: number) => number) & { errs?: boolean }} Random */

const NUMBERS = [
  0,
  1,
  2,
  3,
  7,
  11,
  12,
  13,
  255,
  256,
  4095,
  4096,
  4097,
  65535,
  65536,
  65537,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
]
/** What a head may hold in the place of a length. */
const ODD = [-1, 0.5, 1e300, 2 ** 32, 2 ** 53, null, '1', true, [], {}, '__proto__', -0]
const KEYS = [
  'a',
  'b',
  'key',
  '__proto__',
  'constructor',
  'length',
  'toJSON',
  'toString',
  'then',
  '0',
  '4294967294',
  'é',
]

/** @param {Random} random */
export const number = random => (random(3) === 0 ? random(5000) : pick(random, NUMBERS))

/** A value that JSON can say. @param {Random} random @param {number} [depth] @returns {unknown} */
export function value(random, depth = 0) {
  switch (random(depth > 4 ? 6 : 9)) {
    case 0:
      return random(1000)
    case 1:
      return pick(random, KEYS)
    case 2:
      return 'x'.repeat(random(600))
    case 3:
      return pick(random, [null, true, false, -0, 1e308, 0.1])
    case 4:
      return 'é\u2028\u{1f600}'.repeat(random(40))
    case 5:
      return ''
    case 6:
      return Array.from({ length: random(6) }, () => value(random, depth + 1))
    case 7:
      return Array.from({ length: random(300) }, () => pick(random, [[], {}, 0, '']))
    default:
      return objectOf(random, depth)
  }
}

/** Own members alone, `__proto__` among them. @param {Random} random @param {number} depth */
function objectOf(random, depth) {
  const members = Array.from({ length: random(6) }, () => {
    const key = random(4) ? pick(random, KEYS) : `k${random(100_000)}`
    return `${JSON.stringify(key)}:${JSON.stringify(value(random, depth + 1)) ?? null}`
  })
  return JSON.parse(`{${members.join()}}`)
}

/** @param {Random} random */
function jsonText(random) {
  if (isOdd(random, 12))
    return pick(random, ['', '{', '[1,', 'nul', '"\\u00', '{"a":1}}', '\u0000', '1e999', '['.repeat(3000)])
  return JSON.stringify(value(random)) ?? 'null'
}

/** @param {number} length */
function u32(length) {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(length >>> 0)
  return bytes
}

/** Values whose long strings stand in front. @param {Random} random @param {boolean} isOne */
function packed(random, isOne) {
  const count = isOne ? 1 : 1 + random(5)
  const strings = Array.from({ length: random(4) }, () => 'é'.repeat(random(200)))
  const values = Array.from({ length: count }, () =>
    random.errs === false || random(3) ? { a: 0, b: 0, key: 0 } : value(random),
  )
  const lifts = strings.flatMap(text => [
    !isOdd(random, 10) ? random(count) : pick(random, [-1, 0.5, 1e9, 'a', null]),
    !isOdd(random, 8) ? pick(random, ['a', 'b', 'key']) : pick(random, KEYS),
    !isOdd(random, 10) ? Buffer.byteLength(text) : pick(random, [...ODD, number(random)]),
  ])
  const text = Buffer.from(strings.join(''))
  return Buffer.concat([
    u32(!isOdd(random, 15) ? text.length : number(random)),
    text,
    Buffer.from(JSON.stringify([...values, lifts])),
  ])
}

/** @param {Random} random @param {number} encoding @param {boolean} isOne */
function valueBytes(random, encoding, isOne) {
  switch (encoding) {
    case 0:
      return Buffer.alloc(!isOdd(random, 12) ? 0 : 1)
    case 1:
      return Buffer.from(jsonText(random))
    case 5:
      return packed(random, isOne)
    default:
      return Buffer.alloc(random(700), random(256))
  }
}

/** @param {Random} random @param {Buffer} bytes @param {number} handles */
function extended(random, bytes, handles) {
  const buffers = Array.from({ length: random(isOdd(random, 40) ? 1500 : 5) }, () =>
    random(random(5) ? 3 : 200),
  )
  const notes = Array.from({ length: !isOdd(random, 8) ? handles : random(5) }, () => ({
    kind: !isOdd(random, 10)
      ? pick(random, ['server', 'socket', 'pipe', 'fd'])
      : pick(random, ['printer', null, 1]),
    unread: random(4) ? 0 : random(50),
  }))
  const odd = () => isOdd(random, 25)
  const head = {
    value: odd() ? pick(random, ODD) : bytes.length,
    buffers: odd() ? pick(random, ODD) : buffers,
    handles: odd() ? pick(random, ODD) : notes,
    ack: odd() ? pick(random, [...ODD, number(random)]) : handles > 0 ? 1 + random(100) : 0,
  }
  const headBytes = Buffer.from(!isOdd(random, 30) ? JSON.stringify(head) : jsonText(random))
  const rest =
    notes.reduce((sum, { unread }) => sum + unread, 0) + buffers.reduce((sum, length) => sum + length, 0)
  const length = !isOdd(random, 25) ? headBytes.length : number(random)
  return Buffer.concat([u32(length), headBytes, bytes, Buffer.alloc(!isOdd(random, 20) ? rest : random(100))])
}

/** The first bytes of a side. @param {Random} random @param {number} flags */
export function hello(random, flags = 0) {
  const bytes = Buffer.from([0x78, 0x63, 0x68, 1, flags, 0, 0, 0, 0, 0, 0, 0])
  bytes.writeUInt32LE(random(3) ? 65536 : 4096, 8)
  if (isOdd(random, 60)) bytes.writeUInt32LE(number(random), 8)
  if (isOdd(random, 60)) bytes[random(12)] = random(256)
  return bytes
}

/**
 * One frame. `ids`: numbers of requests that the other side has made. `handles`: how many descriptors it says it has.
 *
 * @param {Random} random @param {readonly number[]} ids @param {number} [handles]
 */
export function frame(random, ids, handles = 0) {
  const kind = isOdd(random, 40) ? random(12) : kindOf(random, ids, handles)
  const isControl = kind > 3
  let encoding = isControl
    ? pick(random, [1, 1, 0, 0, 4])
    : pick(random, [0, 1, 2, 4, 5, 5, !isOdd(random, 20) ? 1 : 3])
  if (isControl && !isOdd(random, 10)) encoding = [0, 0, 0, 0, 1, 0, 0, 4, 0, 0][kind] ?? 0
  let payload = isControl ? controlBytes(random, kind, encoding) : valueBytes(random, encoding, kind !== 1)
  // Beyond the least frame limit there is an error, too.
  if (payload.length > 3500 && !isControl && !isOdd(random, 10)) {
    payload = Buffer.from('{}')
    encoding = 1
  }
  if (handles > 0 || (!isControl && random(5) === 0)) {
    payload = extended(random, payload, handles)
    encoding |= 128
  }
  if ((kind === 2 && random(3) === 0) || isOdd(random, 80)) {
    const name = pick(random, ['echo', 'wait', 'fail', 'toString', '__proto__', 'n'.repeat(255)])
    payload = Buffer.concat([
      Buffer.from([!isOdd(random, 15) ? name.length : random(256)]),
      Buffer.from(name),
      payload,
    ])
    encoding |= 64
  }
  const header = Buffer.alloc(12)
  header.writeUInt32LE(!isOdd(random, 60) ? payload.length : number(random), 0)
  header[4] = kind
  header[5] = !isOdd(random, 80) ? encoding : random(256)
  header.writeUInt16LE(!isOdd(random, 100) ? handles : random(65536), 6)
  header.writeUInt32LE(idOf(random, kind, ids), 8)
  return Buffer.concat([header, payload])
}

/** @param {Random} random @param {readonly number[]} ids @param {number} handles */
function kindOf(random, ids, handles) {
  if (ids.length > 0 && random(4) === 0) return handles > 0 ? 3 : pick(random, [3, 4])
  if (handles > 0) return pick(random, [1, 2])
  if (random(60) === 0) return pick(random, [8, 9, 9])
  return isOdd(random, 25) ? pick(random, [3, 4, 6, 7]) : pick(random, [1, 1, 1, 2, 2, 2, 5])
}

/** @param {Random} random @param {number} kind @param {readonly number[]} ids */
function idOf(random, kind, ids) {
  if (isOdd(random, 60)) return number(random)
  if (kind === 1 || kind === 8) return 0
  if (kind === 9) return pick(random, [0, 0, ...ids])
  if (kind === 3 || kind === 4) return ids.length > 0 ? pick(random, ids) : 1
  return 1 + random(kind === 2 ? 2 ** 31 : 50)
}

/** @param {Random} random @param {number} kind @param {number} encoding */
function controlBytes(random, kind, encoding) {
  if (kind === 4 || encoding === 1) {
    const error = { name: 'Error', message: 'as sent', code: pick(random, [null, 'ERR_SENT']) }
    if (random(10) === 0)
      Object.assign(error, { [pick(random, ['name', 'message', 'code'])]: pick(random, ODD) })
    return Buffer.from(!isOdd(random, 15) ? JSON.stringify(error) : jsonText(random))
  }
  return Buffer.from(encoding === 4 ? 'as refused' : isOdd(random, 30) ? 'x' : '')
}

/** The same bytes with a change in one place. @param {Buffer} bytes @param {Random} random @returns {Buffer} */
export function change(bytes, random) {
  if (bytes.length < 16) return bytes
  const at = random(5) === 0 ? random(Math.min(12, bytes.length)) : random(bytes.length)
  const to = Math.min(bytes.length, at + 1 + random(40))
  switch (random(6)) {
    case 0:
      bytes[at] = /** @type {number} */ (bytes[at]) ^ (1 << random(8))
      return bytes
    case 1:
      bytes.writeUInt32LE(random(3) ? random(2000) : 0xffffffff, Math.min(at, bytes.length - 4))
      return bytes
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)])
    case 3:
      return Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)])
    case 4:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([random(256)]), bytes.subarray(at)])
    default:
      return bytes.subarray(0, Math.max(4, at))
  }
}
