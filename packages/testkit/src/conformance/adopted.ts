// What came of an adoption, closed when the test is over.
import assert from 'node:assert/strict'
import type { Status } from '@x/core/transport'
import type { Bed } from './bed'

export function adopted<T extends object>(
  bed: Bed,
  handle: (T & { close(done?: () => void): void }) | Status,
): T {
  assert.ok(typeof handle === 'object', `adopt answered ${handle}`)
  return bed.own(handle)
}
