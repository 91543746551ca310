// A connection to a local endpoint, made only where the server is who it should be. It listens to nothing.

import { once } from 'node:events'
import path from 'node:path'
import { connect as connectSocket, type Socket, type SocketConstructorOpts } from '@x/core'
import {
  codedError,
  streamOf,
  validateAbortSignal,
  validateBoolean,
  validateFunction,
  validateObject,
} from '@x/core/internal'
import { defaultTransport, type Transport } from '@x/core/transport'
import { type Authorize, credentialsOfStream, ownUserOrRoot, peerOfStream } from './credentials'
import { type Endpoint, resolveEndpoint } from './endpoint/endpoint'
import { ipcError } from './errors/codes'
import { checkFolder, checkPrivateFolder } from './listen/folder'

/** How to connect to a local endpoint, and whom to trust there. */
export interface LocalConnectOptions extends Pick<SocketConstructorOpts, 'allowHalfOpen' | 'highWaterMark'> {
  /** Decides about the server before the socket is handed over. Default: servers of our own user and of root. */
  readonly authorize?: Authorize
  /** Accepts any server, instead of `authorize`. Default: false. */
  readonly anyServer?: boolean
  /** The socket may stand in a folder that others can write, such as `/tmp` itself. Default: false. */
  readonly sharedFolder?: boolean
  /** Aborts the attempt, with `ABORT_ERR`. */
  readonly signal?: AbortSignal
  readonly transport?: Transport
}

/**
 * Connects to a local endpoint: a name (see `resolveEndpoint`), a path, or an `Endpoint`. Nobody is trusted unless told
 * otherwise: the folder of a socket file is checked as `listen` checks it, and the server must be of our own user or of root.
 *
 * Where the transport does not tell who serves, a socket file in a safe folder is trusted, for nobody else can have put it
 * there, and so is a named pipe of Windows; for the rest `anyServer` is needed.
 *
 * @throws (rejects) `ENOENT` where nothing listens, `ECONNREFUSED` where the server is dead, `EACCES`; `ERR_X_UNSAFE_PATH`,
 * `ERR_X_NOT_AUTHORIZED`, `ABORT_ERR`. Wrong arguments throw at once, and `ERR_X_UNSUPPORTED` where the transport does not
 * tell who serves.
 */
export function connect(where: string | Endpoint, options: LocalConnectOptions = {}): Promise<Socket> {
  const at = typeof where === 'string' ? resolveEndpoint(where) : where
  validateObject(at, 'where')
  validateObject(options, 'options')
  const { anyServer = false, sharedFolder = false, signal, transport = defaultTransport() } = options
  validateBoolean(anyServer, 'options.anyServer')
  validateBoolean(sharedFolder, 'options.sharedFolder')
  if (options.authorize !== undefined) validateFunction(options.authorize, 'options.authorize')
  if (anyServer && options.authorize !== undefined) {
    throw codedError('ERR_INVALID_ARG_VALUE', 'options', options, 'has both anyServer and authorize')
  }
  validateAbortSignal(signal, 'options.signal')
  const canTell = transport.supports('credentials')
  const isSafe = at.kind === 'pipe' || (at.kind === 'file' && !sharedFolder)
  if (!canTell && !anyServer && (options.authorize !== undefined || !isSafe)) {
    throw codedError('ERR_X_UNSUPPORTED', transport.name, 'credentials')
  }
  const authorize = anyServer || !canTell || at.kind === 'pipe' ? null : (options.authorize ?? ownUserOrRoot)
  return open(at, authorize, { ...options, transport })
}

async function open(
  at: Endpoint,
  authorize: Authorize | null,
  options: LocalConnectOptions,
): Promise<Socket> {
  const { authorize: _given, anyServer: _any, sharedFolder = false, signal, ...more } = options
  signal?.throwIfAborted()
  if (at.kind === 'file') {
    if (at.privateFolder !== null) checkPrivateFolder(at.privateFolder)
    checkFolder(path.dirname(path.resolve(at.path)), sharedFolder)
  }
  const socket = connectSocket({ ...more, path: at.path })
  try {
    await once(socket, 'connect', { signal })
    if (authorize !== null) await check(socket, authorize)
    return socket
  } catch (error) {
    // What is wrong with it by now is of no interest any more.
    socket.on('error', () => {}).destroy()
    throw error
  }
}

async function check(socket: Socket, authorize: Authorize): Promise<void> {
  const stream = streamOf(socket)
  if (stream === null) throw codedError('ERR_SOCKET_CLOSED')
  const credentials = credentialsOfStream(stream)
  const gone = new AbortController()
  const onClose = () => gone.abort()
  socket.once('close', onClose)
  try {
    if ((await authorize(credentials, peerOfStream(stream, gone.signal))) === true) return
  } finally {
    socket.off('close', onClose)
  }
  throw ipcError('ERR_X_NOT_AUTHORIZED', `process ${credentials.pid} of user ${credentials.uid}`)
}
