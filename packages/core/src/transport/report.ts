// What this process runs on, and why: for `npx @x/core`, NODE_DEBUG and bug reports. It chooses nothing itself.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { packageFolder } from '../package-folder'
import { loadNative } from './native'
import { findAddon } from './native/addon'
import { selectTransport } from './select'

/** What this process runs on. */
export interface TransportReport {
  /** The package and its version. */
  readonly package: string
  /** Where the package is installed, or the bundle that contains it. */
  readonly folder: string
  /** `native` or `portable`; `none` where `selectTransport()` throws, since `X_NET_TRANSPORT` asks for what there is not. */
  readonly transport: string
  /** Why it is not the native one; null where it is. */
  readonly reason: string | null
  /** What to do in order to run on the native one; null where there is nothing. */
  readonly advice: string | null
  /** The file of the native engine for this system, whether it is loaded or not; null where there is none. */
  readonly binary: string | null
  /** Runtime and version, such as `Node 22.15.0`. */
  readonly runtime: string
  /** Platform, processor and C library, such as `linux-x64, glibc 2.36`. */
  readonly platform: string
}

/** Which transport this process runs on, why, and what to do about it; selects the transport if nothing has yet. */
export function reportTransport(): TransportReport {
  const { transport, reason, advice } = selected()
  return {
    ...installed(),
    transport,
    reason,
    advice,
    binary: findAddon(),
    runtime: runtime(),
    platform: platform(),
  }
}

function selected(): Pick<TransportReport, 'transport' | 'reason' | 'advice'> {
  try {
    const { transport, reason } = selectTransport()
    if (reason === null) return { transport: transport.name, reason, advice: null }
    if (process.env['X_NET_TRANSPORT'] === 'portable')
      return { transport: transport.name, reason, advice: 'Leave X_NET_TRANSPORT out of the environment.' }
    return { transport: transport.name, reason, advice: loadNative().advice ?? null }
  } catch (error) {
    const { code, reason, message } = error as NodeJS.ErrnoException & { reason?: string }
    if (code === 'ERR_INVALID_ARG_VALUE')
      return {
        transport: 'none',
        reason: message,
        advice: 'Set X_NET_TRANSPORT to one of these, or unset it.',
      }
    if (code !== 'ERR_X_TRANSPORT_UNAVAILABLE') throw error
    return { transport: 'none', reason: reason ?? null, advice: loadNative().advice ?? null }
  }
}

/** A bundle has no manifest of this package above it, and may have one of its own. */
function installed(): Pick<TransportReport, 'package' | 'folder'> {
  const folder = path.dirname(packageFolder)
  try {
    const { name, version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
    if (name === '@x/core') return { package: `${name} ${version}`, folder }
  } catch {}
  return { package: '@x/core, in a bundle', folder: packageFolder }
}

function runtime(): string {
  for (const [name, title] of [
    ['bun', 'Bun'],
    ['deno', 'Deno'],
  ] as const) {
    if (process.versions[name] !== undefined) return `${title} ${process.versions[name]}`
  }
  return `Node ${process.versions.node}`
}

function platform(): string {
  const system = `${process.platform}-${process.arch}`
  if (process.platform !== 'linux') return system
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return `${system}, ${header?.glibcVersionRuntime ? `glibc ${header.glibcVersionRuntime}` : 'musl'}`
}
