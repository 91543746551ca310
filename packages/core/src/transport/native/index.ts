// Where the native transport will be found. Until it is, whoever asks is told so.
import type { Transport } from '../contract'

/** The native transport, or why there is none. */
export function loadNative(): { transport: Transport } | { transport: null; reason: string } {
  return { transport: null, reason: 'this build has no native engine' }
}
