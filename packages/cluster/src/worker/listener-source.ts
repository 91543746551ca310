// Where a worker's servers get their listeners: from the primary, unless they ask for one of their own. It knows what was
// asked and answered; connections come by the intake.
import { resolve } from 'node:path'
import { type ListenerSource, type ListenRequest, localSource } from '@x/core/internal'
import {
  type AcceptSink,
  type Address,
  isTcpAddress,
  type ListenerHandle,
  portableStream,
  type Status,
  type Transport,
  UV_EBADF,
  UV_ECANCELED,
} from '@x/core/transport'
import type { ControlEndpoint } from '../both/control-endpoint'
import { nextTick, setImmediate, setInterval } from '../both/host'
import type { FromWorker, ListeningInfo, ToWorker } from '../both/messages'
import type { ConnectionIntake, ConnectionSink } from './connection-intake'
import { HandoverHandle } from './handover-handle'
import { HostListener } from './host-listener'
import { HostServer } from './host-server'
import type { Served, ServedServers } from './served-servers'

type Answer = Extract<ToWorker, { act: 'listener' }>
type Done = (status: Status, listener: ListenerHandle | null) => void

/** How often a worker tells the primary of its connections, where their number has changed. */
const TELL_INTERVAL_MS = 50

export interface SourceOptions {
  readonly transport: Transport
  readonly control: ControlEndpoint<FromWorker>
  readonly intake: ConnectionIntake
  readonly servers: ServedServers
}

export class PrimarySource implements ListenerSource {
  readonly #options: SourceOptions
  #teller: NodeJS.Timeout | null = null
  #isLeaving = false

  constructor(options: SourceOptions) {
    this.#options = options
  }

  /** From now on nothing is opened any more: a server that listens is closed without having listened. */
  leave(): void {
    this.#isLeaving = true
  }

  open(request: ListenRequest, accept: AcceptSink, opened: Done): void {
    if (this.#isLeaving) return this.#refuse(request, opened)
    const done: Done = (status, listener) => {
      if (status < 0 && !this.#isLeaving)
        this.#options.control.notify({ act: 'listen-failed', status, at: request.at })
      opened(status, listener)
    }
    if (request.exclusive || request.flags.reusePort === true) {
      return localSource.open(request, accept, (status, listener) => {
        let isOpen = true
        done(status, listener && closedWith(listener, () => (isOpen = false)))
        if (listener && isOpen) this.#tellListening(request, listener.sockname())
      })
    }
    const { control, servers } = this.#options
    const { kind, flags, backlog } = request
    const at = 'path' in request.at ? { path: absolutePath(request.at.path) } : request.at
    const served = servers.add(request, JSON.stringify([kind, at]))
    control.request({ act: 'listen', kind, at, flags, backlog, index: served.index }, body =>
      this.#onAnswer(body as Answer, served, accept, done),
    )
  }

  #onAnswer(answer: Answer, served: Served, accept: AcceptSink, done: Done): void {
    const { request } = served
    if (answer.status < 0 || this.#isLeaving) {
      this.#options.servers.remove(served)
      if (answer.status >= 0) this.#options.control.notify({ act: 'close', listener: answer.listener })
      // Its server was closed with the others; it says so before it hears of this.
      if (this.#isLeaving) return void nextTick(done, UV_ECANCELED, null)
      // The primary has told this worker to leave, and that is still on its way here.
      if (answer.status === UV_ECANCELED) return this.#refuse(request, done)
      return done(answer.status, null)
    }
    this.#teller ??= setInterval(() => this.#options.intake.tellConnections(), TELL_INTERVAL_MS).unref()
    const opened: Done = (status, listener) => {
      if (status < 0) this.#release(answer, served)
      done(status, listener)
      // A server that was closed meanwhile has let go of it inside `done`, and is not told of.
      if (this.#options.servers.has(served)) this.#tellListening(request, answer.at ?? UV_EBADF)
    }
    if (answer.mode === 'shared') this.#openShared(answer, served, accept, opened)
    else this.#openHandover(answer, served, accept, opened)
  }

  #openShared(answer: Answer, served: Served, accept: AcceptSink, done: Done): void {
    const { transport, intake } = this.#options
    const { request } = served
    intake.whenShared(answer.listener, fd => {
      if (request.server instanceof HostServer) return done(0, this.#hostListener(answer, served, fd))
      const handle = transport.adopt(fd, 'listener')
      if (typeof handle === 'number') {
        transport.descriptors?.close([fd])
        return done(handle, null)
      }
      const finish = (status: Status): void => {
        if (status >= 0)
          return done(
            0,
            closedWith(handle, () => this.#release(answer, served)),
          )
        handle.close()
        done(status, null)
      }
      const status = handle.listen(request.backlog, accept, finish)
      if (status !== 0) finish(status)
    })
  }

  #openHandover(answer: Answer, served: Served, accept: AcceptSink, done: Done): void {
    const { transport, intake } = this.#options
    const { request } = served
    const { kind, server } = request
    if (server instanceof HostServer) {
      intake.open(answer.listener, server)
      return done(0, this.#hostListener(answer, served, null))
    }
    const sink: ConnectionSink = {
      hasRoom: promised => server?.hasRoom(promised) ?? true,
      adopt(fd) {
        const stream = transport.adopt(fd, 'stream', kind)
        return typeof stream === 'number' ? stream : () => accept(0, stream)
      },
      adoptSocket: socket => () => accept(0, portableStream(socket, kind)),
    }
    intake.open(answer.listener, sink)
    const at = 'path' in request.at ? request.at : answer.at
    done(0, new HandoverHandle(kind, at, () => this.#release(answer, served)))
  }

  #hostListener(answer: Answer, served: Served, fd: number | null): HostListener {
    const { kind, at } = served.request
    const seen = 'path' in at ? at : answer.at
    return new HostListener(kind, seen, fd, () => this.#release(answer, served))
  }

  #release({ listener }: Answer, served: Served): void {
    const { servers, intake, control } = this.#options
    servers.remove(served)
    intake.close(listener)
    control.notify({ act: 'close', listener })
  }

  /** A worker that leaves opens nothing: the server ends as one that was closed before it listened. */
  #refuse(request: ListenRequest, done: Done): void {
    // In a later turn: a server that is still inside its `listen` has nothing to be closed.
    nextTick(() => {
      request.server?.close(() => {})
      done(UV_ECANCELED, null)
    })
  }

  #tellListening(request: ListenRequest, at: Address | Status): void {
    setImmediate(() => this.#options.control.notify({ act: 'listening', info: listeningInfo(request, at) }))
  }
}

/** The primary may work in another directory. */
function absolutePath(path: string): string {
  return path.startsWith('\0') || process.platform === 'win32' ? path : resolve(path)
}

function listeningInfo(request: ListenRequest, at: Address | Status): ListeningInfo {
  const wanted = request.at
  const fd = 'fd' in wanted ? wanted.fd : undefined
  const where = typeof at === 'object' ? at : 'fd' in wanted ? null : wanted
  if (where === null || !isTcpAddress(where)) {
    return { addressType: -1, address: where?.path ?? null, port: -1, fd }
  }
  return {
    addressType: where.family === 'IPv6' ? 6 : 4,
    address: request.isAnyHost === true ? null : where.address,
    port: where.port,
    fd,
  }
}

/** The handle, whose close also tells the primary. */
function closedWith(handle: ListenerHandle, release: () => void): ListenerHandle {
  const close = handle.close
  handle.close = done => {
    handle.close = close
    release()
    close.call(handle, done)
  }
  return handle
}
