// The portable transport: node:net behind the contract, for every platform and host. It knows which parts make it
// up; what node:net can do here is in host, how it is driven in stream and listener.
import { fstatSync } from 'node:fs'
import type { Socket } from 'node:net'
import { UV_EBADF, UV_EINVAL, UV_ENOTSOCK, UV_ENOTSUP } from '../../errors/errno'
import type { HandleKind, ListenerHandle, Status, StreamHandle, Transport } from '../contract'
import { adoptStream } from './adopted-stream'
import { canAdopt, supports } from './host'
import { adoptListener, PortableListener } from './listener'
import { statusOf } from './status'
import { PortableStream } from './stream'

function adopt(fd: number, as: 'listener'): ListenerHandle | Status
function adopt(fd: number, as: 'stream'): StreamHandle | Status
function adopt(fd: number, as: 'listener' | 'stream'): ListenerHandle | StreamHandle | Status {
  if (!canAdopt) return UV_ENOTSUP
  try {
    // `bigint`: after another call on a socket or pipe, Node 20 and 22 no longer follow the links of modules.
    const stat = fstatSync(fd, { bigint: true })
    if (as === 'listener') return stat.isSocket() ? adoptListener(fd) : UV_ENOTSOCK
    return stat.isSocket() || stat.isFIFO() ? adoptStream(fd, stat.isFIFO()) : UV_EINVAL
  } catch (error) {
    return refusalOf(error as NodeJS.ErrnoException)
  }
}

/** Why a descriptor was not taken: a number that is none, a socket of another type, or what the system says. */
function refusalOf(error: NodeJS.ErrnoException): Status {
  if (error.code === 'ERR_INVALID_FD_TYPE') return UV_EINVAL
  return error.code?.startsWith('ERR_') ? UV_EBADF : statusOf(error)
}

/**
 * `node:net` as a transport: every platform, Bun and Deno too. It moves no bare descriptors and splices
 * nothing; `bind` and `listen` learn of a refusal from `listen`'s `done`, and a port of 0 is chosen by `listen`.
 * @see https://nodejs.org/api/net.html
 */
export const portable: Transport = {
  name: 'portable',
  supports,
  listener: (kind: HandleKind): ListenerHandle => new PortableListener(kind),
  stream: (kind: HandleKind): StreamHandle => new PortableStream(kind),
  adopt,
  descriptors: null,
  lookup: null,
  clock: null,
}

/** A connected socket of the host as a stream of this transport, which owns it from now on. */
export function portableStream(socket: Socket, kind: HandleKind): StreamHandle {
  return new PortableStream(kind, socket)
}
