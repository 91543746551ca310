// Listeners made by this process itself: the default ListenerSource. It binds and listens; it knows no server.
import type { Address, BindFlags, ListenerHandle, Status } from '../transport/contract'
import type { ListenerSource, ListenRequest } from './contract'

/** Opens each request on the request's own transport. */
export const localSource: ListenerSource = sourceOf(makeListener)

/** A source of listeners that `make` binds: a handle that does not listen yet, or the status of what was refused. */
export function sourceOf(make: (request: ListenRequest) => ListenerHandle | Status): ListenerSource {
  return {
    open(request, accept, done) {
      const opened = make(request)
      if (typeof opened === 'number') return done(opened, null)
      const finish = (status: Status) => {
        if (status < 0) opened.close()
        done(status < 0 ? status : 0, status < 0 ? null : opened)
      }
      const status = opened.listen(request.backlog, accept, finish)
      if (status !== 0) finish(status)
    },
  }
}

function makeListener({ transport, kind, at, flags }: ListenRequest): ListenerHandle | Status {
  if ('fd' in at) return transport.adopt(at.fd, 'listener')
  return bound(transport.listener(kind), at, flags)
}

/** The handle once it is bound; else it is closed, and why is told. */
export function bound(listener: ListenerHandle, at: Address, flags: BindFlags): ListenerHandle | Status {
  const status = listener.bind(at, flags)
  if (status >= 0) return listener
  listener.close()
  return status
}
