// Whether the native transport runs here, and if not, why. It decides once and never throws.
import type { Transport } from '../contract'
import { findAddon, openAddon } from './addon'
import { NativeTransport } from './transport'

/** The native transport, or why there is none. */
export type NativeOutcome =
  | { readonly transport: Transport; readonly reason?: undefined }
  | { readonly transport: null; readonly reason: string }

let outcome: NativeOutcome | undefined

/**
 * Loads the native transport where the platform has it. The outcome is remembered; nothing is thrown.
 * The reason is a sentence without a full stop, for a log line.
 */
export function loadNative(): NativeOutcome {
  outcome ??= tryLoad()
  return outcome
}

function tryLoad(): NativeOutcome {
  // Bun answers napi_get_uv_event_loop with a pointer that is no loop, and Deno's libuv is partial: stay away from both.
  for (const host of ['bun', 'deno']) {
    if (process.versions[host])
      return { transport: null, reason: `${host} has no libuv event loop for addons` }
  }
  try {
    const file = findAddon()
    if (!file) return { transport: null, reason: `no binary for ${process.platform}-${process.arch}` }
    if (process.platform === 'darwin' && process.env['X_NET_TRANSPORT'] !== 'native')
      return { transport: null, reason: 'the engine was never run on macOS; X_NET_TRANSPORT=native takes it' }
    return { transport: new NativeTransport(openAddon(file)) }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { transport: null, reason: `the binary does not load (${message.split('\n')[0]})` }
  }
}
