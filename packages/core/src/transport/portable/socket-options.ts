// Options of a connection on node:net. It knows what the running host lacks.
import type { Socket } from 'node:net'
import { UV_ENOTSUP } from '../../errors/errno'
import type { Status, StreamOption } from '../contract'
import { hasKeepAliveProbes, hasTypeOfService } from './host'
import { statusOf } from './status'

/** Sets an option; node:net keeps it until the socket is connected. */
export function setSocketOption(socket: Socket, option: StreamOption): Status {
  switch (option.name) {
    case 'noDelay':
      socket.setNoDelay(option.enable)
      return 0
    case 'keepAlive':
      return setKeepAlive(socket, option)
    case 'typeOfService':
      return hasTypeOfService() ? attempt(() => socket.setTypeOfService(option.value) && 0) : UV_ENOTSUP
    default:
      return UV_ENOTSUP
  }
}

export function typeOfServiceOf(socket: Socket): number {
  return hasTypeOfService() ? attempt(() => socket.getTypeOfService()) : UV_ENOTSUP
}

// Where the host knows no probes, what it knows is set, and the answer says that it was not all.
function setKeepAlive(socket: Socket, option: Extract<StreamOption, { name: 'keepAlive' }>): Status {
  const { enable, delaySeconds, intervalSeconds, count } = option
  if (hasKeepAliveProbes()) {
    socket.setKeepAlive(enable, delaySeconds * 1000, intervalSeconds * 1000, count)
    return 0
  }
  socket.setKeepAlive(enable, delaySeconds * 1000)
  return intervalSeconds > 0 || count > 0 ? UV_ENOTSUP : 0
}

function attempt(call: () => number): number {
  try {
    return call()
  } catch (error) {
    return statusOf(error as NodeJS.ErrnoException)
  }
}
