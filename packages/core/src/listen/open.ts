// From where a server was told to listen to an open listener: resolves host names, and falls back from :: to 0.0.0.0.
// It knows no server; what failed is told as the error that the server emits.
import { lookup as dnsLookup } from 'node:dns'
import { isIP } from '../address/ip'
import type { ListenTarget } from '../args/listen'
import { UV_EADDRINUSE } from '../errors/errno'
import { systemError } from '../errors/system-error'
import { listenerSource } from '../process-state'
import type {
  AcceptSink,
  Address,
  BindFlags,
  ListenerHandle,
  ListenerSource,
  ListenRequest,
  ListenRequester,
  Status,
  TcpAddress,
  Transport,
} from '../transport/contract'
import { localSource } from './source'

/** What a server wants of its listener. */
export interface Opening {
  readonly transport: Transport
  readonly target: Exclude<ListenTarget, { holder: object }>
  readonly flags: BindFlags
  readonly backlog: number
  readonly exclusive: boolean
  readonly server: ListenRequester
}

/** Told once: the listener, or the error to emit. May come within the call where the outcome is known at once. */
export type Opened = (error: Error | null, listener: ListenerHandle | null) => void

/**
 * Opens a listener. Answers a function that gives up: what is opened afterwards is closed, and nothing is told.
 */
export function openListener(opening: Opening, accept: AcceptSink, opened: Opened): () => void {
  let cancelled = false
  const finish: Opened = (error, listener) => {
    if (cancelled) listener?.close()
    else opened(error, listener)
  }
  const { target } = opening
  if ('fd' in target) openAt(opening, { fd: target.fd }, accept, finish)
  else if ('path' in target) openAt(opening, { path: target.path }, accept, finish)
  else if (target.host === undefined) openUnspecified(opening, target.port, accept, finish)
  else openHost(opening, target.host, target.port, accept, finish, () => cancelled)
  return () => {
    cancelled = true
  }
}

/** No host: every address of both families where IPv6 is to be had, else of IPv4. */
function openUnspecified(opening: Opening, port: number, accept: AcceptSink, opened: Opened): void {
  request(opening, { family: 'IPv6', address: '::', port }, accept, (status, listener) => {
    if (status >= 0) return opened(null, listener)
    if (status === UV_EADDRINUSE)
      return opened(listenError(status, { family: 'IPv6', address: '::', port }), null)
    openAt(opening, { family: 'IPv4', address: '0.0.0.0', port }, accept, opened)
  })
}

function openHost(
  opening: Opening,
  host: string,
  port: number,
  accept: AcceptSink,
  opened: Opened,
  isCancelled: () => boolean,
): void {
  const family = isIP(host)
  if (family !== 0) return openAt(opening, tcpAddress(host, family, port), accept, opened)
  const lookup = opening.transport.lookup ?? dnsLookup
  lookup(host, {}, (error: Error | null, address, addressFamily) => {
    if (isCancelled()) return
    if (error) return opened(error, null)
    openAt(opening, tcpAddress(String(address), addressFamily ?? 4, port), accept, opened)
  })
}

function openAt(opening: Opening, at: Address | { fd: number }, accept: AcceptSink, opened: Opened): void {
  request(opening, at, accept, (status, listener) => {
    if (status < 0) opened(listenError(status, at), null)
    else opened(null, listener)
  })
}

function request(
  opening: Opening,
  at: ListenRequest['at'],
  accept: AcceptSink,
  done: (status: Status, listener: ListenerHandle | null) => void,
): void {
  const { transport, target, flags, backlog, exclusive, server } = opening
  const isAnyHost = 'port' in target && target.host === undefined
  const kind = 'path' in at ? 'pipe' : 'tcp'
  const source: ListenerSource = listenerSource() ?? localSource
  source.open({ transport, kind, at, flags, backlog, exclusive, isAnyHost, server }, accept, done)
}

function tcpAddress(address: string, family: number, port: number): TcpAddress {
  return { family: family === 6 ? 'IPv6' : 'IPv4', address, port }
}

function listenError(status: Status, at: ListenRequest['at']): Error {
  if ('fd' in at) return systemError(status, 'listen', { address: null })
  // Node reports -1 as the port of a path.
  if ('path' in at) return systemError(status, 'listen', { address: at.path, port: -1 })
  return systemError(status, 'listen', { address: at.address, port: at.port })
}
