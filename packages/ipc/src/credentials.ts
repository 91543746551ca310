// Who is at the other end of a local connection: process, user and group, and the hook that decides about them. It closes
// nothing.
import type { Socket } from '@x/core'
import { codedError, streamOf, systemError } from '@x/core/internal'
import { type PeerCredentials, type StreamHandle, UV_ENOTSUP } from '@x/core/transport'

export type { PeerCredentials }

/** The process at the other end, beyond its numbers. */
export interface Peer {
  /**
   * A descriptor of the process (pidfd_open(2)), which the caller must close: unlike a pid it is never reused for
   * another process.
   *
   * @throws `ENOTSUP` before Linux 6.5 and on other systems, `ERR_X_UNSUPPORTED` if the transport does not support
   *   it.
   */
  pidfd(): number
  /** Aborted when the answer is no longer needed: the peer has left, or the time is over. */
  readonly signal: AbortSignal
}

/**
 * Admits a peer (true), or closes its connection before the program sees it. If it throws or rejects, the peer is refused;
 * with `listen` the error is thrown again, as `'uncaughtException'`, with `connect` it is what that rejects with.
 */
export type Authorize = (credentials: PeerCredentials, peer: Peer) => boolean | Promise<boolean>

/** The credentials of a stream. @throws as `getCredentials`. */
export function credentialsOfStream(stream: StreamHandle): PeerCredentials {
  const answer = stream.peerCredentials()
  if (answer === UV_ENOTSUP && stream.kind === 'pipe') {
    throw codedError('ERR_X_UNSUPPORTED', 'underlying', 'credentials')
  }
  if (typeof answer === 'number') throw systemError(answer, 'getsockopt')
  return answer
}

/** The rule where nobody has made one: processes of our own user and of root. */
export const ownUserOrRoot: Authorize = ({ uid }) => uid === process.geteuid?.() || uid === 0

export function peerOfStream(stream: StreamHandle, signal: AbortSignal): Peer {
  return {
    signal,
    pidfd() {
      const fd = stream.peerPidfd()
      // A transport that cannot tell who is there says so, and is told from a system without such descriptors.
      if (fd === UV_ENOTSUP) credentialsOfStream(stream)
      if (fd < 0) throw systemError(fd, 'getsockopt')
      return fd
    },
  }
}

/**
 * Process, user and group at the other end of a connected local socket: those of the moment when it connected or, on
 * a client, when the server began to listen. If the system reports no pid (macOS), `pid` is 0.
 *
 * @throws `ERR_X_UNSUPPORTED` where the transport cannot tell, `ERR_SOCKET_CLOSED` for a socket that is not connected,
 * `ENOTSUP` for a TCP socket.
 * @see https://man7.org/linux/man-pages/man7/unix.7.html (SO_PEERCRED)
 */
export function getCredentials(socket: Socket): PeerCredentials {
  return credentialsOfStream(connectedStream(socket))
}

/** As `Peer.pidfd`, of a connected socket. */
export function getPidfd(socket: Socket): number {
  return peerOfStream(connectedStream(socket), new AbortController().signal).pidfd()
}

function connectedStream(socket: Socket): StreamHandle {
  const stream = streamOf(socket)
  if (stream === null) throw codedError('ERR_SOCKET_CLOSED')
  return stream
}
