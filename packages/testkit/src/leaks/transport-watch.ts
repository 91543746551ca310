// Follows the handles that transports make, while leaks are looked for: it tells of each that opens and closes. It knows
// the contract, and no check.
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

export type Handle = ListenerHandle | StreamHandle

/** Hears of handles. */
export interface HandleListener {
  /** `by`: the listener that has accepted it; null where it was made. */
  opened(handle: Handle, by: ListenerHandle | null): void
  closed(handle: Handle): void
}

/** Follows all handles of the process's transports and of virtual networks from now on. Returns what ends it. */
export function watchTransports(listener: HandleListener): () => void {
  const transports = new Set<Transport>([selectTransport().transport, portable])
  const ends = [...transports].map(transport => watchTransport(transport, listener))
  ends.push(
    watchStacks({
      opened: handle => listener.opened(handle, null),
      closed: handle => listener.closed(handle),
    }),
  )
  return () => {
    for (const end of ends) end()
  }
}

/** The methods of the one object of a transport are wrapped for a while, so that handles made anywhere are seen. */
function watchTransport(transport: Transport, listener: HandleListener): () => void {
  const own = transport as { -readonly [Key in keyof Transport]: Transport[Key] }
  const before = Object.getOwnPropertyDescriptors(own)
  const { listener: makeListener, stream: makeStream, adopt } = transport
  own.listener = kind => follow(makeListener.call(transport, kind), listener, null)
  own.stream = kind => follow(makeStream.call(transport, kind), listener, null)
  own.adopt = ((fd: number, as: 'stream', kind?: 'tcp') => {
    const handle = adopt.call(transport, fd, as, kind)
    return typeof handle === 'number' ? handle : follow(handle, listener, null)
  }) as Transport['adopt']
  return () => {
    for (const name of ['listener', 'stream', 'adopt'] as const) {
      Reflect.deleteProperty(own, name)
      const descriptor = before[name]
      if (descriptor) Object.defineProperty(own, name, descriptor)
    }
  }
}

/** Connections that keep no process alive, as far as they are followed. */
const unreferenced = new WeakSet<Handle>()

/** A connection that keeps no process alive. */
export function isUnreferenced(handle: Handle): boolean {
  return unreferenced.has(handle)
}

function follow<H extends Handle>(handle: H, listener: HandleListener, by: ListenerHandle | null): H {
  listener.opened(handle, by)
  const closed = () => listener.closed(handle)
  const { close, release } = handle
  handle.close = done => {
    closed()
    close.call(handle, done)
  }
  handle.release = () => {
    const fd = release.call(handle)
    if (fd >= 0) closed()
    return fd
  }
  if ('reset' in handle) {
    const { reset, ref, unref } = handle
    handle.ref = () => {
      unreferenced.delete(handle)
      ref.call(handle)
    }
    handle.unref = () => {
      unreferenced.add(handle)
      unref.call(handle)
    }
    handle.reset = done => {
      const status = reset.call(handle, done)
      if (status >= 0) closed()
      return status
    }
  } else followAccepted(handle, listener)
  return handle
}

function followAccepted(handle: ListenerHandle, listener: HandleListener): void {
  const { listen } = handle
  handle.listen = (backlog, accept, done) =>
    listen.call(
      handle,
      backlog,
      (status, stream) => accept(status, stream && follow(stream, listener, handle)),
      done,
    )
}

/** `TCP server on 127.0.0.1:80`, `local connection "/run/x" > ""`. */
export function nameOfHandle(handle: Handle): string {
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
