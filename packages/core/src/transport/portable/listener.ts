// A listener over one net.Server. It knows how node:net reports a bind, and hands accepted sockets on as streams.
import type { Server, Socket } from 'node:net'
import { UV_EBADF, UV_ECANCELED, UV_EINVAL, UV_ENOTSUP } from '../../errors/errno'
import { nextTick, platform, setImmediate, withHostTicks, withoutFirstTick } from '../../host'
import { callEach } from '../call-each'
import { Closing } from '../closing'
import type { AcceptSink, Address, BindFlags, HandleKind, ListenerHandle, Status } from '../contract'
import { isTcpAddress } from '../contract'
import { phaseOfSocket } from './descriptor-facts'
import { hideFromDiagnostics } from './diagnostics'
import { isAddressOf, tcpAddress } from './ends'
import { canSetUmask, hasReusePort } from './host'
import { nodeNet } from './node-net'
import { listenWithoutLookup } from './numeric-host'
import { socketPath } from './socket-path'
import { pathStatus, statusOf } from './status'
import { PortableStream } from './stream'

const owner = Symbol('listener')

interface OwnedServer extends Server {
  [owner]?: PortableListener
}

export class PortableListener implements ListenerHandle {
  readonly kind: HandleKind
  readonly fd: number
  readonly #server: OwnedServer
  #state: 'new' | 'opening' | 'listening' | 'closed' = 'new'
  #at: Address | null = null
  #flags: BindFlags = {}
  #accept: AcceptSink | null = null
  #early: Socket[] = []
  #listened: ((status: Status) => void) | null = null
  #own: Address | null = null
  #short = false
  /** What the last `listen` was refused with, where node:net told or threw it within the call. */
  #refusal: Error | null = null
  readonly #closing = new Closing()

  /** Of a server that listens on an adopted descriptor where one is given; else it can bind. */
  constructor(kind: HandleKind, listening?: Server, fd = -1) {
    this.kind = kind
    this.fd = fd
    const server: OwnedServer = listening ?? newServer()
    server[owner] = this
    this.#server = server
    server.on('connection', onConnection)
    server.on('error', onError)
  }

  bind(at: Address, flags: BindFlags = {}): Status {
    if (this.#state === 'closed') return UV_EBADF
    if (this.#at !== null || this.fd >= 0 || !isAddressOf(this.kind, at)) return UV_EINVAL
    if (flags.reusePort && !hasReusePort) return UV_ENOTSUP
    // node:net sets SO_REUSEADDR itself, and takes no word on it.
    if (flags.reuseAddress === false && platform !== 'win32') return UV_ENOTSUP
    if (!isTcpAddress(at)) {
      const refused = pathStatus(at.path)
      if (refused < 0) return refused
      // Node refuses process.umask in worker threads, and a mode set after the bind would come too late.
      if (flags.mode !== undefined && at.path.charCodeAt(0) !== 0 && !canSetUmask) return UV_ENOTSUP
    }
    this.#at = at
    this.#flags = flags
    return 0
  }

  listen(backlog: number, accept: AcceptSink, done: (status: Status) => void): Status {
    if (this.#state === 'closed') return UV_EBADF
    const isAdopted = this.fd >= 0
    if (this.#state !== 'new' || (this.#at === null && !isAdopted)) return UV_EINVAL
    this.#accept = accept
    if (isAdopted) {
      this.#state = 'listening'
      if (this.#early.length > 0) nextTick(takeEarly, this)
      return 1
    }
    const refusalBefore = this.#refusal
    this.#listened = done
    this.#state = 'opening'
    this.#server.once('listening', onListening)
    try {
      withHostTicks(() => this.#open(this.#at!, backlog))
    } catch (error) {
      this.#refusal = error as Error
    }
    const refusal = this.#refusal === refusalBefore ? null : this.#refusal
    if (!this.#server.listening && refusal === null) return 0
    this.#server.removeListener('listening', onListening)
    this.#listened = null
    if (refusal !== null) {
      this.#state = 'new'
      this.#at = null
      return statusOf(refusal)
    }
    this.#state = 'listening'
    return 1
  }

  /** @internal */
  heardRefusal(error: Error): void {
    if (this.#state === 'opening') this.#refusal = error
  }

  // `exclusive`: in a worker of node:cluster too, the socket is this process's own. node:net binds a path inside the
  // call, so the umask of the call is the mode of the file from its first instant.
  #open(at: Address, backlog: number): void {
    const { ipv6Only = false, reusePort = false, mode } = this.#flags
    if (isTcpAddress(at)) {
      const { address: host, port } = at
      // Without a host node:net resolves nothing and listens within the call; of ipv6Only it then takes no notice.
      const isUnspecified = host === '::' && !ipv6Only
      const options = { port, backlog, exclusive: true, ipv6Only, ...(reusePort && { reusePort }) }
      if (isUnspecified) this.#server.listen(options)
      else listenWithoutLookup(() => this.#server.listen({ ...options, host }))
      return
    }
    const restore = mode === undefined || !canSetUmask ? null : process.umask(0o777 & ~mode)
    try {
      this.#server.listen({ path: at.path, backlog, exclusive: true })
    } finally {
      if (restore !== null) process.umask(restore)
    }
  }

  /** @internal */
  heardListening(): void {
    if (this.#state !== 'opening') return
    this.#state = 'listening'
    this.#tellListened(0)
  }

  #tellListened(status: Status): void {
    const done = this.#listened
    this.#listened = null
    done?.(status)
  }

  /** @internal */
  heardError(error: Error): void {
    if (error === this.#refusal) return
    const status = statusOf(error)
    if (this.#state === 'opening') {
      this.#state = 'new'
      this.#at = null
      this.#tellListened(status)
    } else if (this.#state === 'listening' && !this.#short) {
      this.#short = true
      this.#accept?.(status, null)
    }
  }

  /** @internal */
  heardConnection(socket: Socket): void {
    if (this.#state === 'closed') {
      socket.destroy()
      return
    }
    if (this.#accept === null || this.#early.length > 0) {
      this.#early.push(socket)
      return
    }
    this.#hand(socket)
  }

  #hand(socket: Socket): void {
    this.#short = false
    const own = this.kind === 'pipe' ? this.sockname() : 0
    const paths = typeof own === 'object' && 'path' in own ? { own: own.path, peer: '' } : undefined
    this.#accept?.(0, new PortableStream(this.kind, socket, paths && { paths }))
  }

  /** @internal What connected between the adoption of a listening descriptor and `listen`. */
  takeEarly(): void {
    const socket = this.#early.shift()
    if (socket === undefined) return
    if (this.#early.length > 0) nextTick(takeEarly, this)
    if (this.#state === 'closed') socket.destroy()
    else this.#hand(socket)
  }

  sockname(): Address | Status {
    if (this.#state === 'closed') return UV_EBADF
    this.#own ??= ownAddress(this.#server)
    if (this.#own === null && this.fd >= 0) this.#own = { path: socketPath(this.fd) }
    return this.#own ?? this.#at ?? UV_EINVAL
  }

  listenDescriptors(): Status {
    return UV_ENOTSUP
  }

  pause(): Status {
    return UV_ENOTSUP
  }

  resume(): Status {
    return UV_ENOTSUP
  }

  release(): number {
    return UV_ENOTSUP
  }

  close(done?: () => void): void {
    if (!this.#closing.begin(done)) return
    this.#state = 'closed'
    for (const socket of this.#early) socket.destroy()
    this.#early = []
    // Cancels a listen that waits for its turn, too. node:net's own 'close' waits for the accepted sockets.
    withHostTicks(() => this.#server.close(ignore))
    setImmediate(closed, this)
  }

  /** @internal */
  heardClosed(): void {
    callEach([() => this.#tellListened(UV_ECANCELED), () => this.#closing.finish()])
  }

  ref(): void {
    this.#server.ref()
  }

  unref(): void {
    this.#server.unref()
  }
}

function newServer(): OwnedServer {
  const server: OwnedServer = nodeNet().createServer({ allowHalfOpen: true, pauseOnConnect: true })
  hideFromDiagnostics(server, error => server[owner]?.heardRefusal(error))
  return server
}

function ownAddress(server: Server): Address | null {
  const own = server.address()
  if (!own) return null
  if (typeof own === 'string') return { path: own }
  return tcpAddress(own.address, own.port)
}

function onConnection(this: OwnedServer, socket: Socket): void {
  this[owner]?.heardConnection(socket)
}
function onError(this: OwnedServer, error: Error): void {
  this[owner]?.heardError(error)
}
function onListening(this: OwnedServer): void {
  this[owner]?.heardListening()
}
function takeEarly(listener: PortableListener): void {
  listener.takeEarly()
}
function closed(listener: PortableListener): void {
  listener.heardClosed()
}
function ignore(): void {}

/** A listener of a bound or listening descriptor, or a status where it is none. */
export function adoptListener(fd: number): ListenerHandle | Status {
  // node:net would close the descriptor of a socket that cannot listen.
  if (phaseOfSocket(fd) === 'connected') return UV_EINVAL
  const server = newServer()
  let status: Status = UV_EINVAL
  server.on('error', error => {
    status = statusOf(error)
  })
  // Inside the call, its events too; node:net alone can tell the kind of the descriptor, and only of one that listens.
  withoutFirstTick(() => server.listen({ fd, exclusive: true }))
  if (!server.listening) return status
  return new PortableListener(ownAddress(server) === null ? 'pipe' : 'tcp', server, fd)
}
