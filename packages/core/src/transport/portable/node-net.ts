// The host's node:net, loaded when it is first used: a process on another transport never loads it.
import { createRequire } from 'node:module'
import type * as net from 'node:net'
import path from 'node:path'
import { packageFolder } from '../../package-folder'
import { filterDiagnostics } from './diagnostics'

/**
 * As it was when this package was loaded: `register` and others that watch what modules are asked for (of tracing, say)
 * put their own in its place. Source: https://nodejs.org/api/process.html#processgetbuiltinmoduleid (Node 20.16 on).
 */
const { getBuiltinModule } = process

/** From this package's own folder, which `register` leaves alone. */
const hostRequire = createRequire(path.join(packageFolder, 'portable.js'))

const loaded: { net: typeof net | null } = { net: null }

/** `node:net` of the host. */
export function nodeNet(): typeof net {
  if (loaded.net !== null) return loaded.net
  filterDiagnostics()
  loaded.net = getBuiltinModule?.('node:net') ?? (hostRequire('node:net') as typeof net)
  return loaded.net
}
