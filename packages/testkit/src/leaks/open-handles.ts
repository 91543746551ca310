// What the process has open since a moment: handles of transports, and Node's own resources that keep a process alive.
// It knows how to watch and to name them; what is done about it is the check's part.
import { AsyncResource, createHook, executionAsyncId } from 'node:async_hooks'
import {
  type Address,
  isTcpAddress,
  type ListenerHandle,
  portable,
  type Status,
  type StreamHandle,
  selectTransport,
  type Transport,
} from '@x/core/transport'
import { formatTcp } from '../network/ip-address'
import { watchStacks } from '../network/stack'
import { callerFrames } from './opening-place'

/** Something that is open. */
export interface OpenHandle {
  /** `TCP server on 127.0.0.1:80`, `interval of 1000 ms`. */
  readonly what: string
  /** The frames that opened it, the user's own, innermost first. */
  readonly openedAt: readonly string[]
}

interface Watched {
  readonly what: () => string | null
  readonly openedAt: readonly string[]
}

/** Node's resources that are told of, by `async_hooks` type. Sockets of node:net are among them. */
const RESOURCES: Readonly<Record<string, string>> = {
  TCPSERVERWRAP: 'TCP server of node:net',
  TCPWRAP: 'TCP connection of node:net',
  PIPESERVERWRAP: 'local server of node:net',
  PIPEWRAP: 'local connection or pipe of Node',
  UDPWRAP: 'UDP socket',
  PROCESSWRAP: 'child process',
  FSEVENTWRAP: 'file watcher',
  STATWATCHER: 'file watcher',
  WORKER: 'worker thread',
  Timeout: 'timer',
}

/** What stands between a call and the handle that it opens later: lookups and ticks. */
const BRIDGES: ReadonlySet<string> = new Set(['TickObject', 'GETADDRINFOREQWRAP', 'Immediate'])

/** Watches what is opened and closed from now on, until `stop`. */
export class HandleWatch {
  readonly #open = new Map<object | number, Watched>()
  readonly #restores: (() => void)[] = []
  /** Who asked for what runs later, by async id. */
  readonly #askers = new Map<number, readonly string[]>()

  constructor() {
    const transports = new Set<Transport>([selectTransport().transport, portable])
    for (const transport of transports) this.#watchTransport(transport)
    this.#restores.push(
      watchStacks({
        opened: handle => this.#opened(handle),
        closed: handle => this.#open.delete(handle),
      }),
    )
    this.#watchResources()
  }

  /** What was opened since, by a user's code, and is open. */
  open(): OpenHandle[] {
    const found: OpenHandle[] = []
    for (const { what, openedAt } of this.#open.values()) {
      const name = openedAt.length > 0 ? what() : null
      if (name !== null) found.push({ what: name, openedAt })
    }
    return found
  }

  stop(): void {
    for (const restore of this.#restores) restore()
    this.#open.clear()
  }

  /** The methods of the one object of a transport are wrapped for a while, so that handles made anywhere are seen. */
  #watchTransport(transport: Transport): void {
    const own = transport as { -readonly [Key in keyof Transport]: Transport[Key] }
    const { listener, stream } = transport
    own.listener = kind => this.#follow(listener.call(transport, kind))
    own.stream = kind => this.#follow(stream.call(transport, kind))
    this.#restores.push(() => {
      Reflect.deleteProperty(own, 'listener')
      Reflect.deleteProperty(own, 'stream')
      if (own.listener !== listener) own.listener = listener
      if (own.stream !== stream) own.stream = stream
    })
  }

  #follow<Handle extends ListenerHandle | StreamHandle>(handle: Handle): Handle {
    this.#opened(handle)
    const forget = () => this.#open.delete(handle)
    const { close, release } = handle
    handle.close = done => {
      forget()
      close.call(handle, done)
    }
    if (release) {
      handle.release = () => {
        forget()
        return release.call(handle)
      }
    }
    if ('reset' in handle) {
      const { reset } = handle
      handle.reset = done => {
        forget()
        return reset.call(handle, done)
      }
    } else this.#followAccepted(handle)
    return handle
  }

  #followAccepted(handle: ListenerHandle): void {
    const { listen } = handle
    handle.listen = (backlog, accept, done) =>
      listen.call(handle, backlog, (status, stream) => accept(status, stream && this.#follow(stream)), done)
  }

  #opened(handle: ListenerHandle | StreamHandle): void {
    // What is accepted is opened by nobody's code but the server's.
    const frames = this.#frames()
    this.#open.set(handle, {
      what: () => nameOf(handle),
      openedAt: frames.length > 0 ? frames : ['(accepted)'],
    })
  }

  /** The user's frames of this call, or of the one that asked for it. */
  #frames(): readonly string[] {
    const frames = callerFrames()
    return frames.length > 0 ? frames : (this.#askers.get(executionAsyncId()) ?? [])
  }

  #watchResources(): void {
    const hook = createHook({
      init: (id, type, _trigger, resource) => {
        if (BRIDGES.has(type)) this.#askers.set(id, this.#frames())
        const name = RESOURCES[type]
        // A resource that only lends its name to callbacks, as the classes of @x/core make them.
        if (name === undefined || resource instanceof AsyncResource) return
        const openedAt = this.#frames()
        if (openedAt.length > 0) this.#open.set(id, { what: () => describe(name, resource), openedAt })
      },
      destroy: id => {
        this.#open.delete(id)
        this.#askers.delete(id)
      },
    }).enable()
    this.#restores.push(() => hook.disable())
  }
}

function nameOf(handle: ListenerHandle | StreamHandle): string | null {
  const kind = handle.kind === 'tcp' ? 'TCP' : 'local'
  const own = placeOf(handle.sockname())
  if (!('peername' in handle)) return `${kind} server${own ? ` on ${own}` : ', bound to nothing'}`
  const peer = placeOf(handle.peername())
  return peer
    ? `${kind} connection ${own} > ${peer}`
    : `${kind} socket${own ? ` at ${own}` : ', not connected'}`
}

function placeOf(at: Address | Status): string | null {
  if (typeof at === 'number') return null
  return isTcpAddress(at) ? formatTcp(at) : JSON.stringify(at.path)
}

/** A timer that was cleared, has fired, or does not keep the process alive is no leak. */
function describe(name: string, resource: object): string | null {
  if (name !== 'timer') return name
  const timer = resource as {
    _repeat?: number | null
    _idleTimeout?: number
    _destroyed?: boolean
    hasRef?(): boolean
  }
  if (timer._destroyed || (timer._idleTimeout ?? -1) < 0 || timer.hasRef?.() === false) return null
  return timer._repeat ? `interval of ${timer._repeat} ms` : `timer of ${timer._idleTimeout} ms`
}
