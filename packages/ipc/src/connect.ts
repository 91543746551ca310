// A connection to a local endpoint, made only where the server is who it should be. It listens to nothing.

import { once } from 'node:events'
import path from 'node:path'
import { connect as connectSocket, type Socket, type SocketConstructorOpts } from '@x/core'
import {
  abortError,
  codedError,
  streamOf,
  validateAbortSignal,
  validateBoolean,
  validateFunction,
  validateObject,
} from '@x/core/internal'
import { defaultTransport, type Transport } from '@x/core/transport'
import { type Authorize, credentialsOfStream, ownUserOrRoot, peerOfStream } from './credentials'
import { type Endpoint, readEndpoint } from './endpoint/endpoint'
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
 * `ERR_X_NOT_AUTHORIZED`, `ERR_SOCKET_CLOSED` where the connection ends before the server is authorized, `ABORT_ERR`, what `authorize`
 * throws. Wrong arguments throw at once, and `ERR_X_UNSUPPORTED` where the transport does not
 * tell who serves.
 */
export function connect(where: string | Endpoint, options: LocalConnectOptions = {}): Promise<Socket> {
  const at = readEndpoint(where)
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
  if (signal?.aborted) throw abortError(signal.reason)
  if (at.kind === 'file') {
    if (at.privateFolder !== null) checkPrivateFolder(at.privateFolder)
    checkFolder(path.dirname(path.resolve(at.path)), sharedFolder)
  }
  const socket = connectSocket({ ...more, path: at.path })
  try {
    await once(socket, 'connect', { signal })
    if (authorize !== null) await check(socket, authorize, signal)
    return socket
  } catch (error) {
    // What is wrong with it by now is of no interest any more.
    socket.on('error', () => {}).destroy()
    throw error
  }
}

/** Asks about the server. Rejects, too, once nobody needs the answer any more: whoever decides may take for ever. */
function check(socket: Socket, authorize: Authorize, signal: AbortSignal | undefined): Promise<void> {
  const stream = streamOf(socket)
  if (stream === null) throw codedError('ERR_SOCKET_CLOSED')
  const credentials = credentialsOfStream(stream)
  const gone = new AbortController()
  return new Promise((resolve, reject) => {
    const finish = (error: unknown) => {
      socket.off('error', onError).off('close', onClose)
      signal?.removeEventListener('abort', onAbort)
      if (error === null) resolve()
      else reject(error)
    }
    const giveUp = (error: Error) => {
      finish(error)
      gone.abort(error)
    }
    const onError = (error: Error) => giveUp(error)
    const onClose = () => giveUp(codedError('ERR_SOCKET_CLOSED'))
    const onAbort = () => giveUp(abortError(signal?.reason))
    socket.once('error', onError).once('close', onClose)
    signal?.addEventListener('abort', onAbort, { once: true })
    const ask = async () => await authorize(credentials, peerOfStream(stream, gone.signal))
    const { pid, uid } = credentials
    ask().then(
      answer =>
        finish(answer === true ? null : ipcError('ERR_X_NOT_AUTHORIZED', `process ${pid} of user ${uid}`)),
      finish,
    )
    if (signal?.aborted) onAbort()
  })
}
