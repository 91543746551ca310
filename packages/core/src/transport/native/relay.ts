// Starts a relay between two native streams: first what is queued on them goes out, then the addon takes over. It knows
// nothing of how the bytes move.
import type { Status } from '../contract'
import type { Addon } from './addon'
import { type NativeStream, Request } from './stream'

/** 0: under way, `done` is called once. < 0: refused, `done` is not called. */
export function startRelay(
  addon: Addon,
  a: NativeStream,
  b: NativeStream,
  done: (status: Status) => void,
): Status {
  const start = () => addon.relay!(a.id, b.id, new Request(done))
  let waiting = 0
  let failed: Status = 0
  const onFlushed = (status: Status) => {
    waiting -= 1
    if (status < 0 && failed === 0) failed = status
    if (waiting > 0) return
    const outcome = failed === 0 ? start() : failed
    if (outcome < 0) done(outcome)
  }
  for (const stream of [a, b]) {
    const status = stream.prepareRelay(onFlushed)
    // A callback of the other stream that is still to come finds that it was the last, and tells.
    if (status < 0 && waiting === 0) return status
    if (status < 0) failed = status
    if (status === 0) waiting += 1
  }
  return waiting > 0 ? 0 : start()
}
