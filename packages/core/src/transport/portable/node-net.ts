// The host's node:net, loaded when it is first used: a process on another transport never loads it.
import { createRequire } from 'node:module'
import type * as net from 'node:net'

let loaded: typeof net | null = null

/** `node:net` of the host. */
export function nodeNet(): typeof net {
  // Any absolute path will do: the name of a builtin means the same from everywhere.
  loaded ??= createRequire(process.execPath)('node:net') as typeof net
  return loaded
}
