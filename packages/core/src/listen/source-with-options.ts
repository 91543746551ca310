// Listeners whose sockets have options: set before a TCP socket is bound, and before any other listens.
import { applyOptions, openWithOptions } from '../socket-options/access'
import type { OptionSet } from '../socket-options/names'
import { isTcpAddress, type ListenerHandle, type Status } from '../transport/contract'
import type { ListenerSource, ListenRequest } from './contract'
import { bound, sourceOf } from './source'

/**
 * Opens each request on the request's own transport, which has descriptors. `refused` is told where the system refuses an
 * option, before the status of that is.
 */
export function sourceWithOptions(options: OptionSet, refused: (status: Status) => void): ListenerSource {
  return sourceOf(request => makeListener(request, options, refused))
}

function makeListener(
  { transport, kind, at, flags }: ListenRequest,
  options: OptionSet,
  refused: (status: Status) => void,
): ListenerHandle | Status {
  if (!('fd' in at) && isTcpAddress(at)) {
    const made = openWithOptions(transport, at.family, options)
    if ('refusedOption' in made) {
      refused(made.refusedOption)
      return made.refusedOption
    }
    const { fd } = made
    if (fd < 0) return fd
    const opened = transport.adopt(fd, 'listener')
    if (typeof opened !== 'number') return bound(opened, at, flags)
    transport.descriptors?.close([fd])
    return opened
  }
  const made = 'fd' in at ? transport.adopt(at.fd, 'listener') : bound(transport.listener(kind), at, flags)
  if (typeof made === 'number') return made
  const status = applyOptions(transport, made.fd, options)
  if (status >= 0) return made
  made.close()
  refused(status)
  return status
}
