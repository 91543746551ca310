// Whether the native transport runs here, and if not, why. It decides once and never throws.

import path from 'node:path'
import { arch, platform } from '../../host'
import { packageFolder } from '../../package-folder'
import type { Transport } from '../contract'
import { findAddon, openAddon } from './addon'
import { NativeTransport } from './transport'

/** The native transport, or why there is none and what to do about it (null: there is nothing). */
export type NativeOutcome =
  | { readonly transport: Transport; readonly reason?: undefined; readonly advice?: undefined }
  | { readonly transport: null; readonly reason: string; readonly advice: string | null }

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
    if (process.versions[host]) return none(`${host} has no libuv event loop for addons`, null)
  }
  const system = `${platform}-${arch}`
  try {
    const file = findAddon()
    if (!file) {
      if (platform === 'win32') return none(`no binary for ${system}`, null)
      return none(`no binary for ${system}`, `Compile it here: ${buildCommand()}`)
    }
    if (platform === 'darwin' && process.env['X_NET_TRANSPORT'] !== 'native') {
      const advice = 'Set X_NET_TRANSPORT=native to try it, and tell us how it went.'
      return none('the engine was never run on macOS; X_NET_TRANSPORT=native takes it', advice)
    }
    return { transport: new NativeTransport(openAddon(file)) }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const advice = `Compile it for this system: ${buildCommand()}`
    return none(`the binary does not load (${message.split('\n')[0]})`, advice)
  }
}

function none(reason: string, advice: string | null): NativeOutcome {
  return { transport: null, reason, advice }
}

/** It needs a C compiler, and the headers that come with Node. */
function buildCommand(): string {
  return `CC=cc node "${path.join(packageFolder, '..', 'native', 'build.mjs')}"`
}
