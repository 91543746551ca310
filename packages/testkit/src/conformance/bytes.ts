// Bytes to send: a pattern in which no place looks like another, and ways to send a lot of it.
import assert from 'node:assert/strict'
import type { Status, StreamHandle } from '@x/core/transport'

/** So many bytes that repeat only after 2^32: a shifted, lost or doubled byte shows. */
export function pattern(size: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafeSlow(size)
  let state = seed >>> 0
  for (let index = 0; index < size; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[index] = state >>> 24
  }
  return bytes
}

export interface Flood {
  /** All that was given to `write`. */
  readonly size: number
  /** Statuses that the queued writes were called back with, so far. */
  readonly told: Status[]
  /** How many writes were queued. */
  readonly queued: number
}

/** Writes until the system takes no more, and then `more` writes; nobody may be reading. */
export function flood(stream: StreamHandle, chunk: Buffer, more = 0): Flood {
  const told: Status[] = []
  let size = 0
  let queued = 0
  while (queued <= more) {
    let isQueued = false
    const answer = stream.write([chunk], status => {
      if (isQueued) told.push(status)
    })
    assert.ok(answer >= 0, `write answered ${answer}`)
    // The peer's system may make room within the call, and what was left over is sent after all.
    isQueued = answer === 0 && stream.writeQueueSize > 0
    if (isQueued) queued++
    size += chunk.length
    assert.ok(size < 256 * 1024 * 1024, 'the system took 256 MB that nobody reads')
  }
  return { size, told, queued }
}
