// Sockets of this package that a registered program gives to node:tls: TLS alone reads and ends them, and knows their
// addresses, as with a socket of node:net, whose handle TLS takes over. It knows nothing of the protocol.
import { syncBuiltinESMExports } from 'node:module'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import { isOwnSocket } from '../socket/adopt'
import type { Socket } from '../socket/index'
import { giveAlertsApart, type Listener } from './alerts'

/** What a TLS socket asks a handle of Node's own for, and a socket of this package can tell. */
const addressMembers = [
  'remoteAddress',
  'remoteFamily',
  'remotePort',
  'localAddress',
  'localFamily',
  'localPort',
] as const

/**
 * Has `tls.connect({ socket })`, `new tls.TLSSocket(socket)` and `secureServer.emit('connection', socket)` take the socket
 * for TLS alone.
 */
export function giveSocketsToTls(): void {
  const members = tls as {
    connect: (...args: never[]) => object
    TLSSocket: new (...args: never[]) => object
  }
  const { connect, TLSSocket } = members
  members.connect = function (this: unknown, ...args: never[]) {
    const given = (args as unknown[]).map(arg => (arg as { socket?: unknown } | null | undefined)?.socket)
    const socket = given.find(isOwn)
    return take(socket, () => Reflect.apply(connect, this, args))
  }
  members.TLSSocket = new Proxy(TLSSocket, {
    construct: (target, args, newTarget) =>
      take(args[0], () => Reflect.construct(target, args, newTarget) as object),
    apply: (target, self, args) =>
      take(args[0], () => Reflect.apply(target as unknown as () => object, self, args as [])),
  })
  watchServers()
  syncBuiltinESMExports()
}

/** A secure server of Node (also of https and http2) makes its TLS sockets unseen, in its listener of 'connection'. */
function watchServers(): void {
  const { emit } = tls.Server.prototype
  tls.Server.prototype.emit = function (this: tls.Server, name: string, ...args: unknown[]): boolean {
    for (const secure of args) if (isOfServer(name) && secure instanceof tls.TLSSocket) joinAccepted(secure)
    const [socket] = args
    if (name !== 'connection' || !isOwn(socket)) return Reflect.apply(emit, this, [name, ...args])
    const known = listenersOf(socket)
    const isHeard = Reflect.apply(emit, this, [name, ...args])
    leaveEndToTls(socket)
    const { readers, enders, closers, handlers } = addedSince(socket, known)
    giveAlertsApart(socket, readers, enders)
    closeBehindEnd(socket, closers)
    handlersOf.set(socket, handlers)
    return isHeard
  } as typeof emit
}

/** The events by which a secure server gives its TLS sockets away. */
const isOfServer = (event: string) => event === 'secureConnection' || event === 'tlsClientError'

/** What Node keeps of the stream below a TLS socket, where that is not one of its own. */
interface OverStream {
  readonly _handle?: { readonly _parentWrap?: { readonly stream?: unknown } | null } | null
}

/** The TLS socket above a socket. */
const secureOf = new WeakMap<Duplex, tls.TLSSocket>()

/** The listeners of 'error' by which Node's TLS hears of a socket that a server has given it. */
const handlersOf = new WeakMap<Duplex, readonly Listener[]>()

function joinAccepted(secure: tls.TLSSocket): void {
  const socket = (secure as OverStream)._handle?._parentWrap?.stream
  if (!isOwn(socket)) return
  secureOf.set(socket, secure)
  tellAddresses(secure, socket)
  passOptions(secure, socket)
  passErrors(secure, socket, handlersOf.get(socket) ?? [])
}

/** `make` makes a TLS socket of `socket`, where that is one of this package. */
function take<S extends object | undefined>(socket: unknown, make: () => S): S {
  if (!isOwn(socket)) return make()
  silence(socket)
  const known = listenersOf(socket)
  const secure = make()
  leaveEndToTls(socket)
  // `tls.TLSSocket` that is called as a function answers nothing where it extends an object.
  if (secure === undefined) return secure
  tellAddresses(secure, socket)
  passOptions(secure, socket)
  const { readers, enders, closers, handlers } = addedSince(socket, known)
  secureOf.set(socket, secure as unknown as tls.TLSSocket)
  giveAlertsApart(socket, readers, enders)
  closeBehindEnd(socket, closers)
  passErrors(secure as unknown as tls.TLSSocket, socket, handlers)
  connectWith(secure as unknown as tls.TLSSocket, socket)
  return secure
}

/** The options that a TLS socket sets on a handle of Node's own, and on nothing else. */
const optionMethods = ['setNoDelay', 'setKeepAlive'] as const

function passOptions(secure: object, socket: Duplex): void {
  const below = socket as unknown as Record<string, (...args: unknown[]) => unknown>
  for (const name of optionMethods) {
    Object.defineProperty(secure, name, {
      configurable: true,
      writable: true,
      value: (...args: unknown[]) => {
        below[name]?.(...args)
        return secure
      },
    })
  }
}

/** The listeners of a socket by which Node's TLS reads it, and hears of its end, its close and its errors. */
interface TlsListeners {
  readonly readers: readonly Listener[]
  readonly enders: readonly Listener[]
  readonly closers: readonly Listener[]
  readonly handlers: readonly Listener[]
}

function listenersOf(socket: Duplex): TlsListeners {
  const of = (event: string) => socket.listeners(event) as Listener[]
  return { readers: of('data'), enders: of('end'), closers: of('close'), handlers: of('error') }
}

function addedSince(socket: Duplex, known: TlsListeners): TlsListeners {
  const now = listenersOf(socket)
  const added = (which: keyof TlsListeners) => now[which].filter(listener => !known[which].includes(listener))
  return {
    readers: added('readers'),
    enders: added('enders'),
    closers: added('closers'),
    handlers: added('handlers'),
  }
}

/**
 * A socket of which both sides have ended closes, and Node destroys the TLS socket above it, with what the program has not
 * read. It is told once the program has read to the end.
 */
function closeBehindEnd(socket: Duplex, closers: readonly Listener[]): void {
  for (const closer of closers) socket.off('close', closer)
  socket.on('close', (hadError: boolean) => {
    const tell = () => {
      for (const closer of closers) Reflect.apply(closer, socket, [hadError])
    }
    const secure = secureOf.get(socket)
    const isUnread = secure !== undefined && !secure.destroyed && !secure.readableEnded
    if (isUnread && !hadError && socket.readableEnded) secure.once('end', tell)
    else tell()
  })
}

/**
 * A failed read fails the TLS socket, which says so in its 'close'. A failed write fails the writes that TLS was given: what
 * TLS sends of its own, as its last message to a peer that has gone, may fail. `handled`: Node's own listeners, which fail
 * the TLS socket with any error; they stay for a connection that is never made.
 */
function passErrors(secure: tls.TLSSocket, socket: Duplex, handled: readonly Listener[]): void {
  for (const listener of handled) socket.off('error', listener)
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (secure.connecting) for (const listener of handled) Reflect.apply(listener, socket, [error])
    else if (error.syscall === 'read') secure.destroy(error)
  })
}

/** Until its socket is connected, the TLS socket is not either: its writes wait, and fail where there is no connection. */
function connectWith(secure: tls.TLSSocket, socket: Duplex): void {
  if (!(socket as unknown as Socket).connecting) return
  const state = secure as { connecting: boolean }
  state.connecting = true
  socket.once('connect', () => {
    state.connecting = false
    secure.emit('connect')
  })
}

function isOwn(value: unknown): value is Duplex {
  return typeof value === 'object' && value !== null && isOwnSocket(value)
}

/** Takes the readers of a socket away from it. */
function silence(socket: Duplex): void {
  socket.unpipe()
  socket.removeAllListeners('data')
  socket.removeAllListeners('readable')
}

/**
 * The peer's FIN is for TLS to answer: TLS has taken over `allowHalfOpen` by now, and ends the socket after its own last
 * bytes. A socket that ended itself would lose what TLS has still to send.
 */
function leaveEndToTls(socket: Duplex): void {
  socket.allowHalfOpen = true
}

/** TLS finds no addresses on a stream without a handle of Node's own. */
function tellAddresses(secure: object, socket: Duplex): void {
  const ends = socket as unknown as Socket
  for (const name of addressMembers) {
    Object.defineProperty(secure, name, { configurable: true, get: () => ends[name] })
  }
  Object.defineProperty(secure, 'address', {
    configurable: true,
    writable: true,
    value: () => ends.address(),
  })
}
