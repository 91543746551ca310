// Where a worker's servers get their listeners: from the primary, unless they ask for one of their own.
import type { Socket } from 'node:net'
import { resolve } from 'node:path'
import { type ListenerSource, type ListenRequest, type ListenRequester, localSource } from '@x/core/internal'
import {
  type AcceptSink,
  type Address,
  isTcpAddress,
  type ListenerHandle,
  portableStream,
  type Status,
  type Transport,
  UV_EBADF,
} from '@x/core/transport'
import type { ControlEndpoint } from '../control/endpoint'
import type { FromWorker, ListeningInfo, ToWorker } from '../control/messages'
import type { LinkFrame } from '../link/frame'
import { Link } from '../link/link'
import type { HttpLike } from './drain'
import { type ConnectionSink, HandoverHandle } from './handover-handle'

type ListenerReply = Extract<ToWorker, { act: 'listener' }>

/** How often a worker tells the primary of its load, where that has changed. */
const LOAD_INTERVAL_MS = 50

/** A server of this worker that listens through the primary. */
interface Served {
  readonly request: ListenRequest
  readonly key: string
  readonly index: number
}

export class ClusterSource implements ListenerSource {
  readonly transport: Transport
  readonly #control: ControlEndpoint<FromWorker, ToWorker>
  readonly #link: Link | null
  readonly #served = new Set<Served>()
  /** Servers that listen, or are closed and still have connections. */
  readonly #servers = new Set<ListenRequester>()
  /** Handed-over connections go here, by the primary's number of the listener. */
  readonly #sinks = new Map<number, ConnectionSink>()
  /** Callers that wait for a shared descriptor, and descriptors that wait for a caller. */
  readonly #awaited = new Map<number, (fd: number) => void>()
  readonly #arrived = new Map<number, number[]>()
  readonly #https = new Set<HttpLike>()
  #toldLoad = 0
  #loadTimer: NodeJS.Timeout | null = null

  constructor(transport: Transport, linkFd: number, control: ControlEndpoint<FromWorker, ToWorker>) {
    this.transport = transport
    this.#control = control
    const channel = linkFd >= 0 ? transport.descriptors?.channel(linkFd) : undefined
    this.#link =
      typeof channel === 'object'
        ? new Link(transport, channel, { frame: (frame, fds) => this.#onFrame(frame, fds), gone() {} })
        : null
    this.#link?.unref()
  }

  open(
    request: ListenRequest,
    accept: AcceptSink,
    done: (status: Status, listener: ListenerHandle | null) => void,
  ): void {
    if (request.exclusive || request.flags.reusePort === true) {
      localSource.open(request, accept, (status, listener) => {
        done(status, listener)
        if (listener) this.#tellListening(request, listener.sockname())
      })
      return
    }
    this.ask(request, (status, reply, served) => {
      if (status < 0 || !reply) return done(status, null)
      if (reply.mode === 'shared') this.#openShared(reply, served, accept, done)
      else this.#openHandover(reply, served, accept, done)
    })
  }

  /** Asks the primary for a listener; `done` once. */
  ask(
    request: ListenRequest,
    done: (status: Status, reply: ListenerReply | null, served: Served) => void,
  ): void {
    const key = JSON.stringify([request.kind, request.at])
    const served: Served = { request, key, index: this.#freeIndex(key) }
    this.#served.add(served)
    if (request.server) this.#servers.add(request.server)
    const { kind, flags, backlog } = request
    const at = 'path' in request.at ? { path: absolutePath(request.at.path) } : request.at
    this.#control.request({ act: 'listen', kind, at, flags, backlog, index: served.index }, body => {
      const reply = body as ListenerReply
      if (reply.status < 0) this.#served.delete(served)
      else this.#watchLoad()
      done(reply.status, reply.status < 0 ? null : reply, served)
      if (reply.status >= 0) this.#tellListening(request, reply.at ?? UV_EBADF)
    })
  }

  /** A listener that was got by `ask` is closed. */
  release(listener: number, served: Served): void {
    this.#served.delete(served)
    this.#sinks.delete(listener)
    this.#control.notify({ act: 'close', listener })
  }

  /** Where connections for a listener go from now on. */
  receive(listener: number, sink: ConnectionSink): void {
    this.#sinks.set(listener, sink)
  }

  /** A connection that came by the IPC channel. The reply goes out before anybody reads from it. */
  takeSocket(listener: number, socket: Socket | undefined, reply: (body: FromWorker) => void): void {
    const sink = this.#sinks.get(listener)
    const isTaken = socket !== undefined && sink?.hasRoom(0) === true
    this.#toldLoad = this.connections() + (isTaken ? 1 : 0)
    reply({ act: 'taken', isTaken: isTaken || socket === undefined, load: this.#toldLoad })
    if (isTaken) sink.takeSocket(socket)
    else socket?.destroy()
  }

  /** The descriptor of a shared listener, once it has come. */
  whenShared(listener: number, take: (fd: number) => void): void {
    const early = this.#arrived.get(listener)?.shift()
    if (early !== undefined) take(early)
    else this.#awaited.set(listener, take)
  }

  /** Connections that this worker's servers hold, those of closed servers included. */
  connections(): number {
    let count = 0
    for (const server of this.#servers) {
      const held = server.connections()
      count += held
      if (held === 0 && !this.#listens(server)) this.#servers.delete(server)
    }
    return count
  }

  #listens(server: ListenRequester): boolean {
    for (const { request } of this.#served) if (request.server === server) return true
    return false
  }

  /** The HTTP servers among those that listen through the primary. */
  httpServers(): HttpLike[] {
    return [...this.#https]
  }

  /** An HTTP server listens: a drain must tell its clients. */
  addHttpServer(server: HttpLike): void {
    this.#https.add(server)
  }

  /** Closes every server that listens through the primary; `done` once their last connections have ended. */
  closeAll(done: () => void): void {
    let waiting = 1
    const one = (): void => {
      if (--waiting === 0) done()
    }
    for (const { request } of [...this.#served]) {
      if (!request.server) continue
      waiting++
      request.server.close(one)
    }
    one()
  }

  #openShared(
    reply: ListenerReply,
    served: Served,
    accept: AcceptSink,
    done: (status: Status, listener: ListenerHandle | null) => void,
  ): void {
    this.whenShared(reply.listener, fd => {
      const handle = this.transport.adopt(fd, 'listener')
      if (typeof handle === 'number') {
        this.transport.descriptors?.close([fd])
        this.release(reply.listener, served)
        return done(handle, null)
      }
      const finish = (status: Status): void => {
        if (status >= 0)
          return done(
            0,
            released(handle, () => this.release(reply.listener, served)),
          )
        handle.close()
        this.release(reply.listener, served)
        done(status, null)
      }
      const status = handle.listen(served.request.backlog, accept, finish)
      if (status !== 0) finish(status)
    })
  }

  #openHandover(
    reply: ListenerReply,
    served: Served,
    accept: AcceptSink,
    done: (status: Status, listener: ListenerHandle | null) => void,
  ): void {
    const { request } = served
    const { kind, server } = request
    const at = 'path' in request.at ? request.at : reply.at
    const handle = new HandoverHandle(kind, at, () => this.release(reply.listener, served))
    this.receive(reply.listener, {
      hasRoom: promised => server?.hasRoom(promised) ?? true,
      take: fd => {
        const stream = this.transport.adopt(fd, 'stream', kind)
        if (typeof stream === 'number') this.transport.descriptors?.close([fd])
        else accept(0, stream)
      },
      takeSocket: socket => accept(0, portableStream(socket, kind)),
    })
    done(0, handle)
  }

  #onFrame(frame: LinkFrame, fds: number[]): void {
    if (frame.type === 'listener') {
      const take = this.#awaited.get(frame.listener)
      this.#awaited.delete(frame.listener)
      if (take) take(fds[0] as number)
      else this.#arrived.set(frame.listener, [...(this.#arrived.get(frame.listener) ?? []), fds[0] as number])
    }
    if (frame.type === 'connections') this.#onConnections(frame, fds)
  }

  /** Says first what it takes, so that a primary never hands a connection to two workers; then takes it. */
  #onConnections(frame: Extract<LinkFrame, { type: 'connections' }>, fds: number[]): void {
    const sink = this.#sinks.get(frame.listener)
    const refused: number[] = []
    const taken: number[] = []
    for (const [index, fd] of fds.entries()) {
      if (sink?.hasRoom(taken.length)) taken.push(fd)
      else refused.push(index)
    }
    this.transport.descriptors?.close(refused.map(index => fds[index] as number))
    this.#toldLoad = this.connections() + taken.length
    this.#link?.send({ type: 'ack', batch: frame.batch, load: this.#toldLoad, refused }, [])
    for (const fd of taken) sink?.take(fd)
  }

  #freeIndex(key: string): number {
    const used = new Set<number>()
    for (const served of this.#served) if (served.key === key) used.add(served.index)
    let index = 0
    while (used.has(index)) index++
    return index
  }

  #watchLoad(): void {
    if (this.#loadTimer) return
    this.#loadTimer = setInterval(() => {
      const load = this.connections()
      if (load === this.#toldLoad) return
      this.#toldLoad = load
      if (this.#link) this.#link.send({ type: 'load', load }, [])
      else this.#control.notify({ act: 'load', load })
    }, LOAD_INTERVAL_MS)
    this.#loadTimer.unref()
  }

  #tellListening(request: ListenRequest, at: Address | Status): void {
    setImmediate(() => this.#control.notify({ act: 'listening', info: listeningInfo(request, at) }))
  }
}

/** The primary may work in another directory. */
function absolutePath(path: string): string {
  return path.startsWith('\0') || process.platform === 'win32' ? path : resolve(path)
}

function listeningInfo(request: ListenRequest, at: Address | Status): ListeningInfo {
  const wanted = request.at
  const fd = 'fd' in wanted ? wanted.fd : null
  const where = typeof at === 'object' ? at : 'fd' in wanted ? null : wanted
  if (where === null || !isTcpAddress(where)) {
    return { addressType: -1, address: where?.path ?? null, port: null, fd }
  }
  const isAny = request.isAnyHost === true
  return {
    addressType: where.family === 'IPv6' ? 6 : 4,
    address: isAny ? null : where.address,
    port: where.port,
    fd,
  }
}

/** The handle, whose close also tells the primary. */
function released(handle: ListenerHandle, release: () => void): ListenerHandle {
  const close = handle.close
  handle.close = done => {
    handle.close = close
    release()
    close.call(handle, done)
  }
  return handle
}
