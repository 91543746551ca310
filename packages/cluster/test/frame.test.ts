// Frames of the link: bytes and back, cut anywhere, and whose the descriptors are.
import { describe, expect, it } from 'vitest'
import { descriptorsOf, encodeFrame, type Frame, FrameReader } from '../src/both/frame'

const frames: Frame[] = [
  { type: 'listener', listener: 3, id: 8 },
  { type: 'connections', listener: 4_000_000_000, id: 9, count: 253 },
  { type: 'ack', id: 9, connections: 77, refused: [], why: 'full' },
  { type: 'ack', id: 10, connections: 78, refused: [0, 252], why: 'shortage' },
  { type: 'held', connections: 5 },
]

const three: Frame = { type: 'connections', listener: 1, id: 1, count: 3 }
const one: Frame = { type: 'listener', listener: 1, id: 2 }
const bare: Frame = { type: 'held', connections: 1 }

/** What a reader makes of pieces of bytes and the descriptors that came with each. */
function read(...pieces: readonly [Buffer, readonly number[]][]) {
  const reader = new FrameReader()
  const carried: (readonly number[] | null)[] = []
  const stray: number[] = []
  for (const [bytes, fds] of pieces) {
    const answer = reader.push(bytes, fds)
    carried.push(...answer.frames.map(({ fds: own }) => own))
    stray.push(...answer.stray)
  }
  return { carried, stray, held: reader.drop() }
}

describe('frames', () => {
  it('come back as they went, cut at any byte', () => {
    const bytes = Buffer.concat(frames.map(encodeFrame))
    for (let cut = 0; cut <= bytes.length; cut++) {
      const reader = new FrameReader()
      const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)]
      expect(pieces.flatMap(piece => reader.push(piece, []).frames.map(({ frame }) => frame))).toEqual(frames)
    }
  })

  it('say how many descriptors are theirs', () => {
    expect(frames.map(descriptorsOf)).toEqual([1, 253, 0, 0, 0])
  })

  it.each([
    ['an unknown type', Buffer.alloc(12, 9)],
    ['more refused than any message has', Buffer.from([2, 0, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0])],
    ['an unknown reason', Buffer.from([2, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
  ])('are an error with %s', (_what, bytes) => {
    expect(() => new FrameReader().push(bytes, [])).toThrow(RangeError)
  })
})

describe('descriptors', () => {
  it('belong to the frame that begins with them, whatever came before it', () => {
    const bytes = Buffer.concat([encodeFrame(bare), encodeFrame(three)])
    expect(read([bytes, [5, 6, 7]])).toEqual({ carried: [[], [5, 6, 7]], stray: [], held: [] })
  })

  it('wait with their frame until it is whole', () => {
    const bytes = encodeFrame(three)
    for (let cut = 1; cut < bytes.length; cut++) {
      const answer = read([bytes.subarray(0, cut), [5, 6, 7]], [bytes.subarray(cut), []])
      expect(answer).toEqual({ carried: [[5, 6, 7]], stray: [], held: [] })
    }
  })

  it('that were lost are missed by their own frame, and the next keeps its own', () => {
    const answer = read([encodeFrame(three), []], [encodeFrame(one), [9]])
    expect(answer).toEqual({ carried: [null, [9]], stray: [], held: [] })
  })

  it('that came in part are given to nobody', () => {
    expect(read([encodeFrame(three), [5, 6]])).toEqual({ carried: [null], stray: [5, 6], held: [] })
  })

  it('of a lost frame do not become those of the next that is cut', () => {
    const bytes = encodeFrame(one)
    const answer = read([encodeFrame(three), []], [bytes.subarray(0, 3), [9]], [bytes.subarray(3), []])
    expect(answer).toEqual({ carried: [null, [9]], stray: [], held: [] })
  })

  it('of two frames in one piece are nobody’s', () => {
    const bytes = Buffer.concat([encodeFrame(three), encodeFrame(one)])
    expect(read([bytes, [5, 6, 7, 8]])).toEqual({ carried: [null, null], stray: [5, 6, 7, 8], held: [] })
  })

  it('that come with no frame are stray', () => {
    expect(read([encodeFrame(bare), [5]])).toEqual({ carried: [[]], stray: [5], held: [] })
  })

  it('of a frame that never becomes whole are given back', () => {
    expect(read([encodeFrame(three).subarray(0, 4), [5, 6, 7]])).toEqual({
      carried: [],
      stray: [],
      held: [5, 6, 7],
    })
  })
})
