// A local server that is safe by default: a place nobody can tamper with, mode and owner from the first instant, stale
// sockets cleared away under a lock, peers checked before they are seen. The parts know how; this knows the order.
import { once } from 'node:events'
import path from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { Server, type ServerOpts, type Socket } from '@x/core'
import {
  abortError,
  codedError,
  systemError,
  validateAbortSignal,
  validateBoolean,
  validateFunction,
  validateInteger,
  validateNumber,
  validateObject,
} from '@x/core/internal'
import { defaultTransport, type Transport, UV_EADDRINUSE } from '@x/core/transport'
import { type Authorize, ownUserOrRoot, peerOfStream } from '../credentials'
import { type Endpoint, readEndpoint } from '../endpoint/endpoint'
import { checkFolder, makePrivateFolder } from './folder'
import { localTransport } from './local-listener'
import { acquireLock } from './lock'
import { clearStale } from './occupant'
import type { Admit } from './waiting-room'

/** How to listen on a local endpoint: who may connect, and who owns the file. */
export interface LocalListenOptions
  extends Pick<
    ServerOpts,
    'allowHalfOpen' | 'pauseOnConnect' | 'highWaterMark' | 'captureRejections' | 'transport'
  > {
  /** Permission bits of the socket file; to connect is to write. Default: 0600. */
  readonly mode?: number
  /** Adds read permission for all to the mode. */
  readonly readableAll?: boolean
  /** Adds write permission for all to the mode: every user of the machine may connect. */
  readonly writableAll?: boolean
  /** Owner of the socket file. Default: as assigned by the system. */
  readonly uid?: number
  readonly gid?: number
  /** The socket may stand in a folder that others can write, such as `/tmp` itself. Default: false. */
  readonly sharedFolder?: boolean
  /**
   * Decides about each peer before `'connection'`; a refused connection is closed. Default: all peers that the mode
   * admits; for an abstract name, which has no mode, our own user and root, unless `writableAll`.
   */
  readonly authorize?: Authorize
  /**
   * Milliseconds that `authorize` has for a peer, which is closed then; 0: for ever. Those that wait count as connections
   * (`server.maxConnections`), and at most 128 are asked about at once. Default: 10,000.
   */
  readonly authorizeTimeoutMs?: number
  /** Milliseconds to wait for another process that starts at the same path. Default: 10,000. */
  readonly lockTimeoutMs?: number
  /** Connections that may wait to be accepted. Default: 511. */
  readonly backlog?: number
  /** Closes the server; before it listens, `listen` rejects with `ABORT_ERR`. */
  readonly signal?: AbortSignal
}

const INT32_MAX = 2 ** 31 - 1
const DEFAULT_LOCK_TIMEOUT_MS = 10_000
const DEFAULT_AUTHORIZE_TIMEOUT_MS = 10_000

/**
 * A server that listens on a local endpoint: a name (see `resolveEndpoint`), a path, or an `Endpoint`.
 *
 * The folder is created or checked, a dead server's socket is removed under a lock, the file has its mode and owner
 * before any client can connect, and `close` and the end of the process remove it, unless another file has replaced
 * it.
 *
 * @throws (rejects) `EADDRINUSE` where a server lives there, or something that is no socket stands there;
 * `ERR_X_UNSAFE_PATH` (with `path`, `reason`); `ERR_X_LOCK_TIMEOUT`; `ABORT_ERR`; `ERR_X_PATH_TOO_LONG`; `ERR_X_UNSUPPORTED` for what the
 * transport cannot do; the system's errors. Wrong arguments throw at once.
 * @see https://nodejs.org/api/net.html#class-netserver
 */
export function listen(
  where: string | Endpoint,
  options: LocalListenOptions = {},
  connectionListener?: (socket: Socket) => void,
): Promise<Server> {
  const at = readEndpoint(where)
  checkOptions(at, options)
  if (connectionListener !== undefined) validateFunction(connectionListener, 'connectionListener')
  const below = options.transport ?? defaultTransport()
  if (at.kind === 'pipe' && (options.readableAll || options.writableAll)) {
    throw codedError('ERR_X_UNSUPPORTED', below.name, 'permissions of a named pipe')
  }
  const authorize = options.authorize ?? defaultAuthorize(at, options)
  if (authorize !== null && !below.supports('credentials')) {
    throw codedError('ERR_X_UNSUPPORTED', below.name, 'credentials')
  }
  const { uid, gid, authorizeTimeoutMs: timeoutMs = DEFAULT_AUTHORIZE_TIMEOUT_MS } = options
  const checking =
    authorize === null
      ? null
      : {
          admit: admitBy(authorize),
          timeoutMs,
          hasRoom: (waiting: number) => server.connections + waiting < (server.maxConnections ?? Infinity),
          dropped: () => void server.emit('drop', {}),
        }
  const transport = localTransport(below, { uid, gid, checking })
  const server: Server = new Server({ ...options, transport }, connectionListener)
  return at.kind === 'file' ? openFile(server, at, options, below) : open(server, at, options, below)
}

function checkOptions(at: Endpoint, options: LocalListenOptions): void {
  validateObject(options, 'options')
  const { mode, uid, gid, authorize, authorizeTimeoutMs, lockTimeoutMs } = options
  for (const name of ['readableAll', 'writableAll', 'sharedFolder'] as const) {
    if (options[name] !== undefined) validateBoolean(options[name], `options.${name}`)
  }
  if (mode !== undefined) validateInteger(mode, 'options.mode', 0, 0o777)
  if (uid !== undefined) validateInteger(uid, 'options.uid', 0)
  if (gid !== undefined) validateInteger(gid, 'options.gid', 0)
  if (authorize !== undefined) validateFunction(authorize, 'options.authorize')
  if (authorizeTimeoutMs !== undefined) {
    validateNumber(authorizeTimeoutMs, 'options.authorizeTimeoutMs', 0, INT32_MAX)
  }
  if (lockTimeoutMs !== undefined) validateNumber(lockTimeoutMs, 'options.lockTimeoutMs', 0)
  validateAbortSignal(options.signal, 'options.signal')
  if (at.kind === 'file') return
  const isAboutFiles = mode !== undefined || uid !== undefined || gid !== undefined
  if (!isAboutFiles) return
  throw codedError('ERR_INVALID_ARG_VALUE', 'options', options, 'has mode or owner, which only files have')
}

/** Nobody but us and root, where there is no mode to keep others out. */
function defaultAuthorize(at: Endpoint, { writableAll }: LocalListenOptions): Authorize | null {
  return at.kind === 'abstract' && !writableAll ? ownUserOrRoot : null
}

function admitBy(authorize: Authorize): Admit {
  return (stream, signal) => {
    const credentials = stream.peerCredentials()
    // It has left already (ENOTCONN on macOS): there is nobody to decide about.
    return typeof credentials === 'number' ? false : authorize(credentials, peerOfStream(stream, signal))
  }
}

async function openFile(
  server: Server,
  at: Endpoint,
  options: LocalListenOptions,
  transport: Transport,
): Promise<Server> {
  const { sharedFolder = false, lockTimeoutMs: timeoutMs = DEFAULT_LOCK_TIMEOUT_MS, uid, signal } = options
  const folder = path.dirname(path.resolve(at.path))
  if (at.privateFolder !== null) makePrivateFolder(at.privateFolder)
  checkFolder(folder, sharedFolder)
  const unlock = await acquireLock(at.path, transport, { timeoutMs, signal })
  try {
    const owners = [process.geteuid!(), ...(uid === undefined ? [] : [uid])]
    const occupant = await clearStale(at.path, transport, owners)
    if (occupant === 'taken') throw systemError(UV_EADDRINUSE, 'listen', { address: at.path, port: -1 })
    return await open(server, at, options, transport)
  } finally {
    unlock()
  }
}

async function open(
  server: Server,
  at: Endpoint,
  options: LocalListenOptions,
  transport: Transport,
): Promise<Server> {
  const { backlog, signal, readableAll, writableAll } = options
  const more = (readableAll ? 0o444 : 0) | (writableAll ? 0o222 : 0)
  const mode = (options.mode ?? 0o600) | more
  // `exclusive`: in a worker of a cluster, too, it is this process that listens, by the rules of this package.
  const request = { path: at.path, exclusive: true, backlog, signal, ...(at.kind === 'file' && { mode }) }
  if (signal?.aborted) throw abortError(signal.reason)
  const closed = new Promise(resolve => server.once('close', resolve))
  server.listen(request)
  try {
    // A server that its signal has closed emits neither 'listening' nor 'error'.
    await once(server, 'listening', { signal })
  } catch (error) {
    // Whoever hears of it finds the path free.
    if (signal?.aborted) await closed
    throw (error as NodeJS.ErrnoException).code === 'ENOTSUP' ? explain(at, transport) : error
  }
  return server
}

function explain(at: Endpoint, transport: Transport): Error {
  // Node lets no worker thread set the umask, without which a file would have the wrong mode at first.
  const feature =
    at.kind === 'file' && !isMainThread ? 'socket files in worker threads' : `${at.kind} endpoints`
  return codedError('ERR_X_UNSUPPORTED', transport.name, feature)
}
