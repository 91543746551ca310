// From where a server was told to listen to an open listener: resolves host names, and falls back from :: to 0.0.0.0.
// It knows no server; what failed is told as the error that the server emits.
import dns from 'node:dns'
import { isIP } from '../address/ip'
import type { ListenTarget } from '../args/listen'
import { codedError } from '../errors/codes'
import { UV_EADDRINUSE, UV_EBADF, UV_EINVAL, UV_ENAMETOOLONG, UV_ENOTSOCK } from '../errors/errno'
import { systemError } from '../errors/system-error'
import { nextTick } from '../host'
import { listenerSource } from '../process-state'
import { applyOptions } from '../socket-options/access'
import type { OptionSet } from '../socket-options/names'
import type {
  AcceptSink,
  Address,
  BindFlags,
  ListenerHandle,
  Lookup,
  Status,
  TcpAddress,
  Transport,
} from '../transport/contract'
import type { ListenerSource, ListenRequest, ListenRequester } from './contract'
import { localSource } from './source'
import { sourceWithOptions } from './source-with-options'

/** What a server wants of its listener. */
export interface Opening {
  readonly transport: Transport
  /** Where; or a handle that is bound already. */
  readonly target: Exclude<ListenTarget, { holder: object }> | { readonly listener: ListenerHandle }
  readonly flags: BindFlags
  readonly backlog: number
  readonly exclusive: boolean
  readonly socketOptions?: OptionSet | undefined
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
    if (cancelled) return void listener?.close()
    const refusal = listener === null ? null : refusalOfOptions(opening, listener)
    if (refusal === null) return opened(error, listener)
    listener?.close()
    opened(refusal, null)
  }
  const { target } = opening
  if ('listener' in target) openBound(opening, target.listener, accept, finish)
  else if ('fd' in target) openAt(opening, { fd: target.fd }, accept, finish)
  else if ('path' in target) openAt(opening, { path: target.path }, accept, finish)
  else if (target.host === undefined) openUnspecified(opening, target.port, accept, finish)
  else openHost(opening, target.host, target.port, accept, finish, () => cancelled)
  return () => {
    cancelled = true
  }
}

/** Why a listener that was made elsewhere, or bound before, does not have the options. */
function refusalOfOptions(
  { transport, socketOptions, target }: Opening,
  { fd }: ListenerHandle,
): Error | null {
  const isApplied = listenerSource() === null && !('listener' in target)
  if (socketOptions === undefined || isApplied) return null
  if (fd < 0) return codedError('ERR_X_UNSUPPORTED', transport.name, 'socket options of a shared listener')
  const status = applyOptions(transport, fd, socketOptions)
  return status < 0 ? systemError(status, 'setsockopt') : null
}

/** No host: every address of both families where IPv6 is to be had, else of IPv4. */
function openUnspecified(opening: Opening, port: number, accept: AcceptSink, opened: Opened): void {
  const anywhere: TcpAddress = { family: 'IPv6', address: '::', port }
  request(opening, anywhere, accept, (failure, listener) => {
    if (failure === null || failure.isOfOption || failure.status === UV_EADDRINUSE)
      return opened(failure && listenError(failure, anywhere), listener)
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
  // As an address that was resolved.
  if (family !== 0) {
    nextTick(() => {
      if (!isCancelled()) openLater(opening, tcpAddress(host, family, port), accept, opened)
    })
    return
  }
  // Looked up on the module at each call: programs replace it there.
  const lookup = opening.transport.lookup ?? (dns.lookup as Lookup)
  lookup(host, { all: true }, (error, addresses, addressFamily) => {
    if (isCancelled()) return
    if (error) return opened(error, null)
    const [first] = withoutLinkLocal(
      Array.isArray(addresses) ? addresses : [{ address: addresses, family: addressFamily ?? 4 }],
    )
    if (first === undefined) return opened(codedError('ERR_INVALID_IP_ADDRESS', undefined), null)
    openLater(opening, tcpAddress(first.address, first.family, port), accept, opened)
  })
}

/** As `openAt`, where no caller of `listen` is there any more to whom a source may throw: it is told as a failure. */
function openLater(opening: Opening, at: TcpAddress, accept: AcceptSink, opened: Opened): void {
  let isTold = false
  try {
    openAt(opening, at, accept, (error, listener) => {
      isTold = true
      opened(error, listener)
    })
  } catch (error) {
    // What a listener of the server threw is not the source's.
    if (isTold) throw error
    opened(error as Error, null)
  }
}

function openBound(opening: Opening, bound: ListenerHandle, accept: AcceptSink, opened: Opened): void {
  const finish = (status: Status) => {
    if (status >= 0) return opened(null, bound)
    const at = bound.sockname()
    bound.close()
    opened(
      typeof at === 'number' ? systemError(status, 'listen') : listenError({ status, isOfOption: false }, at),
      null,
    )
  }
  const status = bound.listen(opening.backlog, accept, finish)
  if (status !== 0) finish(status)
}

function openAt(opening: Opening, at: Address | { fd: number }, accept: AcceptSink, opened: Opened): void {
  request(opening, at, accept, (failure, listener) => {
    opened(failure && listenError(failure, at), listener)
  })
}

/** What the system refused: to listen, or an option of the socket before that. */
interface Failure {
  readonly status: Status
  readonly isOfOption: boolean
}

function request(
  opening: Opening,
  at: ListenRequest['at'],
  accept: AcceptSink,
  done: (failure: Failure | null, listener: ListenerHandle | null) => void,
): void {
  const { transport, target, flags, backlog, exclusive, socketOptions, server } = opening
  const isAnyHost = 'port' in target && target.host === undefined
  const kind = 'path' in at ? 'pipe' : 'tcp'
  let isOfOption = false
  const refused = () => {
    isOfOption = true
  }
  const own = socketOptions === undefined ? localSource : sourceWithOptions(socketOptions, refused)
  const source: ListenerSource = listenerSource() ?? own
  source.open(
    { transport, kind, at, flags, backlog, exclusive, isAnyHost, server },
    accept,
    (status, listener) => {
      done(status < 0 ? { status, isOfOption } : null, listener)
    },
  )
}

/** Link-local addresses (fe80::/10, RFC 4291 2.5.6) need a scope to be bound: any other address comes first. */
function withoutLinkLocal<A extends { address: string; family: number }>(
  addresses: readonly A[],
): readonly A[] {
  const others = addresses.filter(({ address, family }) => family !== 6 || !/^fe[89ab]/i.test(address))
  return others.length > 0 ? others : addresses
}

/** Node's word for a path that is too long. */
function pathStatus(status: Status): Status {
  return status === UV_ENAMETOOLONG ? UV_EINVAL : status
}

function tcpAddress(address: string, family: number, port: number): TcpAddress {
  return { family: family === 6 ? 'IPv6' : 'IPv4', address, port }
}

function listenError({ status, isOfOption }: Failure, at: ListenRequest['at']): Error {
  if (isOfOption) return systemError(status, 'setsockopt')
  if ('fd' in at) {
    // What is no socket is, to Node, no argument to listen on.
    const isNoSocket = status === UV_EBADF || status === UV_ENOTSOCK
    return systemError(isNoSocket ? UV_EINVAL : status, 'listen', { address: null })
  }
  // Node reports -1 as the port of a path.
  if ('path' in at) return systemError(pathStatus(status), 'listen', { address: at.path, port: -1 })
  return systemError(status, 'listen', { address: at.address, port: at.port })
}
