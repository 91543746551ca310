// What a listener of the primary is to the workers that use it, and the binding that all kinds of it share.
import path from 'node:path'
import type { Address, ListenerHandle, Status, Transport } from '@x/core/transport'
import type { ListenAsk } from '../both/messages'
import type { WorkerProcess } from './worker-process'

/** An address that the primary has opened. `shared`: workers get a bound socket. `handover`: they get connections. */
export interface Listener {
  readonly mode: 'shared' | 'handover'
  /** The worker takes part, and calls the listener by this number. */
  join(worker: WorkerProcess, listener: number): void
  leave(worker: WorkerProcess): void
  /** The worker may take more than before, or nothing more. */
  changed(worker: WorkerProcess): void
  sockname(): Address | Status
  /** Accepts no more. What has been accepted still goes to the workers. */
  stopAccepting(): void
  /** Nothing that was accepted waits for a worker that could take it, or is on its way to one. */
  readonly isSettled: boolean
  /** Gives up what waits. */
  close(): void
}

/** Told once: the listener, or why there is none. */
export type Opened = (status: Status, listener: Listener | null) => void

/** A handle bound as a worker asked, or why not. */
export function bind(transport: Transport, ask: Omit<ListenAsk, 'act' | 'index'>): ListenerHandle | Status {
  if ('fd' in ask.at) return transport.adopt(ask.at.fd, 'listener')
  const handle = transport.listener(ask.kind)
  const status = handle.bind('path' in ask.at ? { path: shortPath(ask.at.path) } : ask.at, ask.flags)
  if (status >= 0) return handle
  handle.close()
  return status
}

/** Bytes of a socket's path that every system takes: macOS has 103, Linux 107 (unix(7)). */
const MAX_PATH = 103

/** Workers send absolute paths. One that is too long for a socket may do from the primary's own folder. */
export function shortPath(file: string): string {
  if (file.startsWith('\0') || Buffer.byteLength(file) <= MAX_PATH) return file
  const relative = path.relative(process.cwd(), file)
  return relative.length < file.length ? relative : file
}
