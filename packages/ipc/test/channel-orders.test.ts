// All headers and all orders of frames that the page has and does not have, against what the page says of them: docs/ipc.md is
// written down here a second time, apart from the code.
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type Channel, createChannel } from '../src/index'
// @ts-expect-error a script without types, which the soak runner loads as well
import { Line } from './fuzz/line.cjs'

const FRAME_LIMIT = 8192
const HELLO = Buffer.from([0x78, 0x63, 0x68, 1, 0, 0, 0, 0, 0, 0, 1, 0])

interface Header {
  readonly length: number
  readonly kind: number
  readonly encoding: number
  readonly handles: number
  readonly id: number
}

function bytesOf({ length, kind, encoding, handles, id }: Header): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt32LE(length, 0)
  bytes[4] = kind
  bytes[5] = encoding
  bytes.writeUInt16LE(handles, 6)
  bytes.writeUInt32LE(id, 8)
  return bytes
}

function frame(kind: number, encoding: number, id: number, payload = ''): Buffer {
  const body = Buffer.from(payload)
  return Buffer.concat([bytesOf({ length: body.length, kind, encoding, handles: 0, id }), body])
}

/** What the page says of a header. */
function isOfThePage({ length, kind, encoding, handles, id }: Header): boolean {
  const isNamed = (encoding & 64) !== 0
  const isExtended = (encoding & 128) !== 0
  const bare = encoding & 63
  const own: Record<number, readonly number[]> = { 4: [1], 5: [0], 6: [0], 7: [4], 8: [0, 1], 9: [0] }
  const isValue = kind >= 1 && kind <= 3
  if (!isValue && own[kind] === undefined) return false
  if (!(isValue ? [0, 1, 2, 3, 4, 5] : own[kind]!).includes(bare)) return false
  if (isNamed && kind !== 2) return false
  if (isExtended && !isValue) return false
  if (handles > 253 || (handles > 0 && !isExtended)) return false
  if (length > (isValue ? FRAME_LIMIT : 4096)) return false
  if (!isValue && bare === 0 && length > 0) return false
  if (kind === 1 || kind === 8) return id === 0
  return kind === 9 || id !== 0
}

function channel(): { target: Channel; line: { emit(name: string, data?: Buffer): void; destroy(): void } } {
  const line = new Line()
  const target = createChannel(line, { frameLimitBytes: FRAME_LIMIT, patienceMs: 0, requestTimeoutMs: 0 })
  line.emit('data', HELLO)
  return { target, line }
}

const END = 'its stream ends'
const orders: Record<string, Buffer | null> = {
  message: frame(1, 4, 0, 'text'),
  request: frame(2, 4, 7, 'asked'),
  'a reply to nothing': frame(3, 4, 1, 'text'),
  'a failure of nothing': frame(4, 1, 1, '{"name":"a","message":"b","code":null}'),
  cancel: frame(5, 0, 7),
  'an acknowledgement of nothing': frame(6, 0, 1),
  'a refusal of nothing': frame(7, 4, 1, 'no'),
  goodbye: frame(8, 0, 0),
  'goodbye with a reason': frame(8, 1, 0, '{"name":"a","message":"b","code":null}'),
  closing: frame(9, 0, 0),
  'closing after a request that nobody made': frame(9, 0, 1),
  [END]: null,
}

/** What the page says of frames in this order: how the channel has ended by then, where it has. */
function endingOf(names: readonly string[]): string | null {
  let isClosing = false
  let hasLeft = false
  let isServing = false
  for (const name of names) {
    // We say our goodbye once the peer closes and nothing is under way; then all is said.
    if (name === END) return hasLeft || (isClosing && !isServing) ? 'goodbye' : 'lost'
    if (hasLeft || name.includes('nothing') || name.includes('nobody')) return 'refused'
    if (isClosing && ['message', 'request', 'closing'].includes(name)) return 'refused'
    // Ours is not answered: the same id comes twice.
    if (name === 'request' && isServing) return 'refused'
    if (name === 'request') isServing = true
    if (name === 'goodbye with a reason') return 'refused'
    if (name === 'goodbye') hasLeft = true
    if (name === 'closing') isClosing = true
  }
  return hasLeft ? 'goodbye' : null
}

/** All orders of so many; nothing comes after the end of a stream. */
function* ordersOf(count: number): Generator<string[]> {
  if (count === 0) yield []
  else {
    for (const rest of ordersOf(count - 1)) {
      if (rest.at(-1) !== END) for (const name of Object.keys(orders)) yield [...rest, name]
    }
  }
}

describe('what a peer says', () => {
  it('[I6] is refused by its header alone where the page has no such frame, and else waited for', async () => {
    let seen = 0
    const wrong: string[] = []
    for (let kind = 0; kind <= 11; kind++) {
      for (let encoding = 0; encoding < 256; encoding++) {
        for (const handles of [0, 1, 253, 254, 65535]) {
          for (const id of [0, 1, 2 ** 32 - 1]) {
            // None is whole with its header.
            for (const length of [1, 4096, 4097, FRAME_LIMIT, FRAME_LIMIT + 1, 2 ** 32 - 1]) {
              const header = { length, kind, encoding, handles, id }
              // No other encoding is known, whatever else the header says.
              if ((encoding & 63) > 6 && handles + id + length > 1) continue
              const { target, line } = channel()
              line.emit('data', bytesOf(header))
              const expected = isOfThePage(header) ? null : 'refused'
              if (target.ending !== expected) wrong.push(`${JSON.stringify(header)}: ${target.ending}`)
              target.destroy()
              seen++
            }
          }
        }
      }
      await turn()
    }
    expect(wrong).toEqual([])
    expect(seen).toBeGreaterThan(30_000)
  })

  it('[I6] in any order ends its channel as the page says, and once', async () => {
    const wrong: string[] = []
    let seen = 0
    for (const count of [1, 2, 3]) {
      for (const names of ordersOf(count)) {
        const { target, line } = channel()
        let ends = 0
        target.on('close', () => ends++)
        target.on('message', () => {})
        target.serve(() => new Promise(() => {}))
        for (const name of names) {
          const bytes = orders[name]
          if (bytes) line.emit('data', bytes)
          else line.emit('end')
        }
        await turn()
        const expected = endingOf(names)
        if (target.ending !== expected) wrong.push(`${names.join(', ')}: ${target.ending}, not ${expected}`)
        target.destroy()
        line.destroy()
        await turn()
        if (ends !== 1) wrong.push(`${names.join(', ')}: it ended ${ends} times`)
        seen++
      }
    }
    expect(wrong).toEqual([])
    expect(seen).toBe(12 + 11 * 12 + 11 ** 2 * 12)
  })
})
