// The native transport, for the suite's tests that need it in a process of its own.
import { loadNative } from '@x/core/transport'

export function newTransport() {
  const loaded = loadNative()
  if (loaded.transport === null) throw new Error(loaded.reason)
  return loaded.transport
}
