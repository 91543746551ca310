// Node's own resources that a test may leave open, by their `async_hooks` types: which are watched, whether one is open
// still, and what it is called. It knows no watch and no test.

import { isOperationName } from '../stacks/node-operations'

/** How a type of resource is judged. */
interface ResourceKind {
  readonly name: string
  /** An unreferenced one keeps no process alive, and is no leak. */
  readonly mayBeUnreferenced?: boolean
  /** Stacks with such a frame belong to something that is named itself. */
  readonly partOf?: RegExp
}

/** What Node opens, by type. Sockets of node:net are among them. */
const KINDS: Readonly<Record<string, ResourceKind>> = {
  TCPSERVERWRAP: { name: 'TCP server of node:net' },
  TCPWRAP: { name: 'TCP connection of node:net', mayBeUnreferenced: true },
  PIPESERVERWRAP: { name: 'local server of node:net' },
  PIPEWRAP: { name: 'local connection or pipe of Node', mayBeUnreferenced: true },
  UDPWRAP: { name: 'UDP socket', mayBeUnreferenced: true },
  PROCESSWRAP: { name: 'child process', mayBeUnreferenced: true },
  FSEVENTWRAP: { name: 'file watcher', mayBeUnreferenced: true },
  STATWATCHER: { name: 'file watcher', mayBeUnreferenced: true },
  FILEHANDLE: { name: 'file of node:fs/promises' },
  WORKER: { name: 'worker thread', mayBeUnreferenced: true },
  MESSAGEPORT: { name: 'message port', mayBeUnreferenced: true, partOf: /new Worker \(/ },
  Timeout: { name: 'timer', mayBeUnreferenced: true },
}

/** What stands between a call and what it opens later. */
const BRIDGES: ReadonlySet<string> = new Set(['TickObject', 'Immediate'])

/** The kind of a resource that is watched; undefined for others. */
export function resourceKind(type: string): ResourceKind | undefined {
  return Object.hasOwn(KINDS, type) ? KINDS[type] : undefined
}

/** True for a type whose callback may open something for the call that asked for it. */
export function isBridge(type: string): boolean {
  return BRIDGES.has(type) || isOperationName(type)
}

/** What an operation that has not ended is called. */
export function nameOfOperation(type: string): string {
  return type === 'Immediate'
    ? 'immediate that comes again and again'
    : `operation that has not ended (${type})`
}

/** What is read off a resource; each may be missing. */
interface Readable {
  hasRef?(): boolean
  getsockname?(into: object): number
  getpeername?(into: object): number
  readonly fd?: number
  readonly _repeat?: number | null
  readonly _idleTimeout?: number
  readonly _destroyed?: boolean
}

/** What an open resource is called; null for one that is closed, or that keeps no process alive and need not. */
export function describeResource(kind: ResourceKind, resource: object): string | null {
  const readable = resource as Readable
  if (kind.mayBeUnreferenced && readable.hasRef?.() === false) return null
  if (kind === KINDS['FILEHANDLE']) return (readable.fd ?? -1) < 0 ? null : kind.name
  if (kind !== KINDS['Timeout']) return kind.name + endpointsOf(readable)
  if (readable._destroyed || (readable._idleTimeout ?? -1) < 0) return null
  return readable._repeat ? `interval of ${readable._repeat} ms` : `timer of ${readable._idleTimeout} ms`
}

/** ` on 127.0.0.1:80`, ` 127.0.0.1:1 > 127.0.0.1:80`, or nothing. */
function endpointsOf(resource: Readable): string {
  const own = placeOf(into => resource.getsockname?.(into))
  const peer = placeOf(into => resource.getpeername?.(into))
  if (own === null) return ''
  return peer === null ? ` on ${own}` : ` ${own} > ${peer}`
}

function placeOf(ask: (into: object) => number | undefined): string | null {
  const at: { address?: string; port?: number; family?: string } = {}
  try {
    if (ask(at) !== 0 || at.address === undefined) return null
  } catch {
    return null
  }
  return at.family === 'IPv6' ? `[${at.address}]:${at.port}` : `${at.address}:${at.port}`
}
