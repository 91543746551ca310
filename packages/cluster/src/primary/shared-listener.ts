// Listeners of the primary that accept nothing here: one bound socket that all workers share, or one that only keeps the
// port while each worker gets its own beside it.
import type { ListenerHandle } from '@x/core/transport'
import type { ListenAsk } from '../both/messages'
import { bind, type Listener, type Opened } from './listener'
import type { PrimaryOs } from './os'

/** Binds; each worker gets the same socket. */
export function openShared(os: PrimaryOs, ask: ListenAsk, opened: Opened): void {
  const handle = bind(os.transport, ask)
  if (typeof handle === 'number') return opened(handle, null)
  opened(
    0,
    acceptingNothing(handle, (worker, listener) => worker.giveListener(listener, handle.fd, () => {})),
  )
}

/**
 * Binds with `SO_REUSEPORT` and keeps the port (chosen now where it was 0); each worker gets a socket of its own, bound
 * beside it, of which no copy stays here: what waits in the backlog of a worker is that worker's alone.
 */
export function openReserved(os: PrimaryOs, ask: ListenAsk, opened: Opened): void {
  const flags = { ...ask.flags, reusePort: true }
  const handle = bind(os.transport, { ...ask, flags })
  if (typeof handle === 'number') return opened(handle, null)
  opened(
    0,
    acceptingNothing(handle, (worker, listener) => {
      const at = handle.sockname()
      const own = typeof at === 'number' ? at : bind(os.transport, { ...ask, at, flags })
      // Without a socket of its own the worker accepts on the one that keeps the port: slower, but it serves.
      if (typeof own === 'number') worker.giveListener(listener, handle.fd, () => {})
      else worker.giveListener(listener, own.fd, () => own.close())
    }),
  )
}

function acceptingNothing(handle: ListenerHandle, join: Listener['join']): Listener {
  return {
    mode: 'shared',
    join,
    leave() {},
    changed() {},
    sockname: () => handle.sockname(),
    stopAccepting() {},
    isSettled: true,
    close: () => handle.close(),
  }
}
