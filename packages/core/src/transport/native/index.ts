// Whether the native transport runs here, and if not, why. It decides once and never throws.

import { existsSync } from 'node:fs'
import path from 'node:path'
import { arch, platform } from '../../host'
import { packageFolder } from '../../package-folder'
import type { Transport } from '../contract'
import { findAddon, openAddon } from './addon'
import { cutOff } from './elf'
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
  if (isNetworkDenied()) {
    // It would not ask; node:net, which the portable transport uses, does.
    return none('the permission model allows no network', 'Start node with --allow-net too.')
  }
  const system = `${platform}-${arch}`
  try {
    const file = findAddon()
    if (!file) return none(`no binary for ${system}`, platform === 'win32' ? null : adviceWithoutBinary())
    if (platform === 'darwin' && process.env['X_NET_TRANSPORT'] !== 'native') {
      const advice = 'Set X_NET_TRANSPORT=native to try it, and tell us how it went.'
      return none('the engine was never run on macOS; X_NET_TRANSPORT=native takes it', advice)
    }
    const cut = platform === 'linux' ? cutOff(file) : null
    if (cut) {
      const reason = `the binary is cut off: ${file} has ${cut.bytes} of at least ${cut.needed} bytes`
      return none(reason, 'Install @x/core again.')
    }
    return { transport: new NativeTransport(openAddon(file)) }
  } catch (error) {
    const { message = String(error), code } = error as NodeJS.ErrnoException
    return none(`the binary does not load (${message.split('\n')[0]})`, adviceAfterFailure(code, message))
  }
}

function none(reason: string, advice: string | null): NativeOutcome {
  return { transport: null, reason, advice }
}

/** Whether Node's permission model denies the network. Before Node 25 it does not know of it, and denies nothing. */
function isNetworkDenied(): boolean {
  const { permission, allowedNodeEnvironmentFlags } = process as Partial<typeof process>
  if (permission === undefined || !allowedNodeEnvironmentFlags?.has('--allow-net')) return false
  return !permission.has('net')
}

function adviceWithoutBinary(): string {
  if (existsSync(buildScript)) return `Compile it here: ${buildCommand}`
  return `Copy the folder "prebuilds" of @x/core to ${packageFolder}: the package is in a bundle.`
}

function adviceAfterFailure(code: string | undefined, message: string): string {
  if (code === 'ERR_DLOPEN_DISABLED')
    return 'Start node without --no-addons, or, with --permission, with --allow-addons.'
  // Another binary would not load there either.
  if (message.includes('Permission denied')) return 'Let this user read the file.'
  if (/failed to map segment from shared object$|Operation not permitted/.test(message))
    return 'Install the package on a file system that is not mounted noexec.'
  return existsSync(buildScript)
    ? `Compile it for this system: ${buildCommand}`
    : 'Compile it for this system: run native/build.mjs of @x/core, and copy its folder "prebuilds" beside the bundle.'
}

const buildScript = path.join(packageFolder, '..', 'native', 'build.mjs')

/** It needs a C compiler, and the headers that come with Node. */
const buildCommand = `CC=cc node "${buildScript}"`
