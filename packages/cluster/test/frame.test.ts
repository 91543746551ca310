// Frames of the link: bytes and back, cut anywhere.
import { describe, expect, it } from 'vitest'
import { descriptorsOf, encodeFrame, FrameReader, type LinkFrame } from '../src/link/frame'

const frames: LinkFrame[] = [
  { type: 'listener', listener: 3 },
  { type: 'connections', listener: 4_000_000_000, batch: 9, count: 253 },
  { type: 'ack', batch: 9, load: 77, refused: [] },
  { type: 'ack', batch: 10, load: 78, refused: [0, 252] },
  { type: 'load', load: 5 },
]

describe('frames', () => {
  it('come back as they went, cut at any byte', () => {
    const bytes = Buffer.concat(frames.map(encodeFrame))
    for (let cut = 0; cut <= bytes.length; cut++) {
      const reader = new FrameReader()
      expect([...reader.push(bytes.subarray(0, cut)), ...reader.push(bytes.subarray(cut))]).toEqual(frames)
    }
  })

  it('say how many descriptors are theirs', () => {
    expect(frames.map(descriptorsOf)).toEqual([1, 253, 0, 0, 0])
  })

  it('of an unknown type are an error', () => {
    expect(() => new FrameReader().push(Buffer.alloc(12, 9))).toThrow(RangeError)
  })
})
