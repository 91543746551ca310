// A server of the host's own modules (net, http, https, http2, tls) as a cluster sees it: what it holds, how it takes a
// connection that was accepted elsewhere, how it is closed. It knows the server's insides as far as node:net has no public
// way to them.
import type net from 'node:net'
import { type ListenRequester, nodeNet } from '@x/core/internal'
import { type Status, UV_EINVAL } from '@x/core/transport'
import { clearInterval, setInterval, setTimeout } from '../both/host'
import type { ConnectionSink, Deliver } from './connection-intake'
import type { Drainable } from './served-servers'

/** What node:net's Server keeps of its connections; `close` and `getConnections` go by it. */
interface Counting {
  _connections?: number
  maxConnections?: number
}

/** Connection options of a server that node:net applies to what it accepts. */
interface ConnectionOptions {
  readonly allowHalfOpen?: boolean
  readonly pauseOnConnect?: boolean
  readonly noDelay?: boolean
  readonly keepAlive?: boolean
  readonly keepAliveInitialDelay?: number
}

/** What of node:http's Server a drain uses (https://nodejs.org/api/http.html#serverclosidleconnections). */
interface HttpLike {
  closeIdleConnections?(): void
  readonly keepAliveTimeout?: number
}

interface ResponseLike {
  readonly headersSent: boolean
  setHeader(name: string, value: string): unknown
}

/** A session of node:http2; its `close` sends GOAWAY and lets streams end. */
interface SessionLike {
  readonly closed: boolean
  close(): void
  once(event: 'close', listener: () => void): unknown
}

/** How often idle connections are looked for once their time is over. */
const IDLE_SWEEP_MS = 50

export class HostServer implements ListenRequester, ConnectionSink, Drainable {
  readonly server: net.Server
  readonly #sessions = new Set<SessionLike>()

  constructor(server: net.Server) {
    this.server = server
    // Emitted by the servers of node:http2 alone.
    server.on('session' as 'connection', (session: unknown) => this.#follow(session as SessionLike))
  }

  hasRoom(promised: number): boolean {
    const { maxConnections } = this.server as Counting
    return typeof maxConnections !== 'number' || this.connections() + promised < maxConnections
  }

  connections(): number {
    return (this.server as Counting)._connections ?? 0
  }

  close(done: () => void): void {
    this.server.close(() => done())
  }

  drain(done: () => void, idleMs: number): void {
    for (const session of this.#sessions) session.close()
    const http = this.server as HttpLike
    if (typeof http.closeIdleConnections !== 'function') return this.close(done)
    this.server.prependListener('request' as 'connection', (...args: unknown[]) => {
      const response = args[1] as ResponseLike
      if (!response.headersSent) response.setHeader('Connection', 'close')
    })
    // http's own `close` ends idle connections at once, and a request that is on its way there is lost.
    nodeNet().Server.prototype.close.call(this.server, () => {
      clearInterval(sweep)
      done()
    })
    let sweep: NodeJS.Timeout | undefined
    setTimeout(() => {
      const close = (): void => http.closeIdleConnections?.()
      close()
      sweep = setInterval(close, IDLE_SWEEP_MS)
      sweep.unref()
    }, idleMs).unref()
  }

  adopt(fd: number): Deliver | Status {
    const { allowHalfOpen = false, pauseOnConnect = false } = this.server as ConnectionOptions
    try {
      const options = { fd, allowHalfOpen, pauseOnCreate: pauseOnConnect }
      const socket = new (nodeNet().Socket)(options)
      return this.adoptSocket(socket)
    } catch (error) {
      return (error as NodeJS.ErrnoException).errno ?? UV_EINVAL
    }
  }

  adoptSocket(socket: net.Socket): Deliver {
    return () => {
      const { server } = this
      const options = server as ConnectionOptions
      // It was made before it was known whose it would be.
      socket.allowHalfOpen = options.allowHalfOpen === true
      if (options.pauseOnConnect) socket.pause()
      if (options.noDelay) socket.setNoDelay(true)
      if (options.keepAlive) socket.setKeepAlive(true, options.keepAliveInitialDelay)
      // node:net's own accounting, so that getConnections(), maxConnections and the end of close() hold for these too.
      const counting = server as Counting
      if (typeof counting._connections === 'number') {
        counting._connections++
        Object.assign(socket, { server, _server: server })
      }
      server.emit('connection', socket)
    }
  }

  #follow(session: SessionLike): void {
    this.#sessions.add(session)
    session.once('close', () => this.#sessions.delete(session))
  }
}

/** What a primary has sent of a connection (`primary/host-connections`), as a socket; undefined where nothing came. */
export function hostSocket(sent: unknown): net.Socket | undefined {
  const { Socket } = nodeNet()
  if (sent === undefined || sent instanceof Socket) return sent
  return new Socket({ handle: sent, readable: true, writable: true } as net.SocketConstructorOpts)
}
