// A whole conversation of two connected streams: bytes both ways, and both ends. It checks them, and closes nothing.
import assert from 'node:assert/strict'
import type { Status, StreamHandle } from '@x/core/transport'
import { outcome } from './bed'
import { pattern } from './bytes'
import { Reader } from './reader'

/** Each sends the other so many bytes; both then end. `heard` is called first in each callback. */
export async function exchange(
  a: StreamHandle,
  b: StreamHandle,
  size: number,
  heard = () => {},
): Promise<void> {
  const [atA, atB] = [new Reader(heard), new Reader(heard)]
  assert.equal(a.readStart(atA), 0)
  assert.equal(b.readStart(atB), 0)
  const told = (done: (status: Status) => void) => (status: Status) => {
    heard()
    done(status)
  }
  const [fromA, fromB] = [pattern(size, 1), pattern(size, 2)]
  await Promise.all([
    outcome(done => a.write([fromA], told(done))),
    outcome(done => b.write([fromB], told(done))),
    atA.whenSize(size),
    atB.whenSize(size),
  ])
  await outcome(done => a.shutdown(told(done)))
  await outcome(done => b.shutdown(told(done)))
  await Promise.all([atA.whenEnd(), atB.whenEnd()])
  assert.ok(atA.bytes.equals(fromB))
  assert.ok(atB.bytes.equals(fromA))
}
