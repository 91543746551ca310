// The host's node:net, loaded when it is first used: a process on another transport never loads it.
import { createRequire } from 'node:module'
import type * as net from 'node:net'
import path from 'node:path'
import { packageFolder } from '../../package-folder'
import { filterDiagnostics } from './diagnostics'

/** From this package's own folder: `register`, which answers for node:net everywhere else, leaves that alone. */
const hostRequire = createRequire(path.join(packageFolder, 'portable.js'))

/** `node:net` of the host. */
export function nodeNet(): typeof net {
  filterDiagnostics()
  return hostRequire('node:net') as typeof net
}
