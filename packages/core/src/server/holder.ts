// Objects that can be listened on: servers, sockets and whatever carries a descriptor. It opens nothing.
import { isBoundSocket } from '../listen/bound-socket'
import { streamOf } from '../socket/adopt'
import type { ListenerHandle } from '../transport/contract'
import type { SharedListener } from './shared-listener'
import { kServer, type ServerState } from './state'

interface Holder {
  readonly [kServer]?: ServerState
  readonly _handle?: { readonly fd?: unknown } | null
}

/** Whether `listen(value)` means the handle in `value`. */
export function isHolder(value: object): boolean {
  return isBoundSocket(value) || sharedListener(value) !== null || descriptorOf(value) >= 0
}

/** The listener that a listening server of ours has. */
export function sharedListener(value: object): SharedListener<ServerState> | null {
  return (value as Holder)[kServer]?.listener ?? null
}

/** The descriptor of a connected socket, or of an object with a native handle; -1 where there is none to see. */
export function descriptorOf(value: object): number {
  const stream = streamOf(value)
  if (stream !== null) return stream.fd
  const fd = (value as Holder)._handle?.fd
  return typeof fd === 'number' ? fd : -1
}

/** The listener that a listening server of this package stands on; null for any other object. The server keeps it. */
export function listenerOf(server: object): ListenerHandle | null {
  return sharedListener(server)?.handle ?? null
}
