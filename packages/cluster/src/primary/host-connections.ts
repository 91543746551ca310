// What a server of the host accepts, to be sent to workers: bare handles where the host has them, as node:cluster sends them, else
// sockets. It knows no worker.
import type { SendHandle } from 'node:child_process'
import type { Server, Socket } from 'node:net'
import { isNode } from '@x/core/internal'

/** An accepted connection of the host. */
export interface HostConnection {
  /** What `process.send` takes. */
  readonly sendable: SendHandle
  /** Its peer has gone, and nobody needs it. */
  readonly isGone: boolean
  peer(): { readonly remoteAddress: string; readonly remotePort: number }
  /** Our copy may go. */
  release(): void
}

/**
 * What is used of Node's own handles. They are undocumented: without them sockets are sent, which costs half as much again. Deno has
 * handles of these names, and its workers never get them.
 */
interface HostHandle {
  getpeername?(peer: { address?: string; port?: number }): number
  close(): void
}

interface AcceptingHandle {
  onconnection?: (status: number, handle: HostHandle | undefined) => void
}

/** Has a server that listens give its connections away. It counts none of them. */
export function takeConnections(server: Server, accepted: (connection: HostConnection) => void): void {
  const { _handle } = server as { _handle?: AcceptingHandle | null }
  if (isNode && typeof _handle?.onconnection === 'function') {
    _handle.onconnection = (_status, handle) => {
      // Without a handle, the system has refused: the host tries again with the next one.
      if (handle) accepted(new BareConnection(handle))
    }
  }
  server.on('connection', socket => {
    socket.on('error', () => {}) // the worker that has it sees its errors
    accepted(new SocketConnection(socket))
  })
}

class BareConnection implements HostConnection {
  readonly isGone = false
  readonly #handle: HostHandle

  constructor(handle: HostHandle) {
    this.#handle = handle
  }

  get sendable(): SendHandle {
    return this.#handle as unknown as SendHandle
  }

  peer(): { remoteAddress: string; remotePort: number } {
    const peer: { address?: string; port?: number } = {}
    this.#handle.getpeername?.(peer)
    return { remoteAddress: peer.address ?? '', remotePort: peer.port ?? 0 }
  }

  release(): void {
    this.#handle.close()
  }
}

class SocketConnection implements HostConnection {
  readonly #socket: Socket

  constructor(socket: Socket) {
    this.#socket = socket
  }

  get sendable(): SendHandle {
    return this.#socket
  }

  get isGone(): boolean {
    return this.#socket.destroyed
  }

  peer(): { remoteAddress: string; remotePort: number } {
    const { remoteAddress = '', remotePort = 0 } = this.#socket
    return { remoteAddress, remotePort }
  }

  release(): void {
    this.#socket.destroy()
  }
}
