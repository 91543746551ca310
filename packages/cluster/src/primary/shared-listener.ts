// Listeners of the primary that accept nothing here: one bound socket that all workers share, or one that only keeps the
// port while each worker binds its own beside it.
import type { Status, Transport } from '@x/core/transport'
import type { ListenAsk } from '../control/messages'
import { bound } from './handover-listener'
import type { PrimaryListener } from './registry'

/** Binds; nothing is accepted here. `give` sends a worker the descriptor. */
export function openShared(
  transport: Transport,
  ask: ListenAsk,
  give: (worker: number, listener: number, fd: number, sent: () => void) => void,
  done: (status: Status, listener: PrimaryListener | null) => void,
): void {
  const handle = bound(transport, ask)
  if (typeof handle === 'number') return done(handle, null)
  done(0, {
    mode: 'shared',
    join: (worker, id) => give(worker, id, handle.fd, () => {}),
    leave() {},
    sockname: () => handle.sockname(),
    close: () => handle.close(),
  })
}

/**
 * Binds with `SO_REUSEPORT` and keeps the port (chosen now where it was 0); each worker gets a socket of its own, bound
 * beside it, of which no copy stays here: what waits in the backlog of a worker is that worker's alone.
 */
export function openReserved(
  transport: Transport,
  ask: ListenAsk,
  give: (worker: number, listener: number, fd: number, sent: () => void) => void,
  done: (status: Status, listener: PrimaryListener | null) => void,
): void {
  const flags = { ...ask.flags, reusePort: true }
  const handle = bound(transport, { ...ask, flags })
  if (typeof handle === 'number') return done(handle, null)
  done(0, {
    mode: 'shared',
    join(worker, id) {
      const at = handle.sockname()
      const own = typeof at === 'number' ? at : bound(transport, { ...ask, at, flags })
      // Without a socket of its own the worker accepts on the one that keeps the port: slower, but it serves.
      if (typeof own === 'number') give(worker, id, handle.fd, () => {})
      else give(worker, id, own.fd, () => own.close())
    },
    leave() {},
    sockname: () => handle.sockname(),
    close: () => handle.close(),
  })
}
