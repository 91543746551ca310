// A connection to a local endpoint, made only where the server is who it should be. It listens to nothing.

import { once } from 'node:events'
import path from 'node:path'
import { connect as connectSocket, type Socket, type SocketConstructorOpts } from '@x/core'
import { codedError, streamOf, validateAbortSignal, validateFunction, validateObject } from '@x/core/internal'
import { defaultTransport, type Transport } from '@x/core/transport'
import { type Authorize, credentialsOfStream, peerOfStream } from './credentials'
import { type Endpoint, resolveEndpoint } from './endpoint/endpoint'
import { ipcError } from './errors/codes'
import { checkFolder, checkPrivateFolder } from './listen/folder'

/** How to connect to a local endpoint, and whom to trust there. */
export interface LocalConnectOptions extends Pick<SocketConstructorOpts, 'allowHalfOpen' | 'highWaterMark'> {
  /** Decides about the server before the socket is handed over. Default: whoever serves in a safe folder. */
  readonly authorize?: Authorize
  /** The socket may stand in a folder that others can write, such as `/tmp` itself. Default: false. */
  readonly sharedFolder?: boolean
  /** Gives the attempt up, with `ABORT_ERR`. */
  readonly signal?: AbortSignal
  readonly transport?: Transport
}

/**
 * Connects to a local endpoint: a name (see `resolveEndpoint`), a path, or an `Endpoint`. The folder is checked as `listen` checks
 * it: where others could have put the socket there, nobody is talked to unless told otherwise.
 *
 * @throws (rejects) `ENOENT` where nothing listens, `ECONNREFUSED` where the server is dead, `EACCES`; `ERR_X_UNSAFE_PATH`,
 * `ERR_X_NOT_AUTHORIZED`, `ERR_X_UNSUPPORTED`, `ABORT_ERR`. Wrong arguments throw at once.
 */
export function connect(where: string | Endpoint, options: LocalConnectOptions = {}): Promise<Socket> {
  const at = typeof where === 'string' ? resolveEndpoint(where) : where
  validateObject(at, 'where')
  validateObject(options, 'options')
  const { authorize, signal, transport = defaultTransport() } = options
  if (authorize !== undefined) validateFunction(authorize, 'options.authorize')
  validateAbortSignal(signal, 'options.signal')
  if (authorize !== undefined && !transport.supports('credentials')) {
    throw codedError('ERR_X_UNSUPPORTED', transport.name, 'credentials')
  }
  return open(at, { ...options, transport })
}

async function open(at: Endpoint, options: LocalConnectOptions): Promise<Socket> {
  const { authorize, sharedFolder = false, signal, ...more } = options
  signal?.throwIfAborted()
  if (at.kind === 'file') {
    if (at.privateFolder !== null) checkPrivateFolder(at.privateFolder)
    checkFolder(path.dirname(path.resolve(at.path)), sharedFolder)
  }
  const socket = connectSocket({ ...more, path: at.path })
  try {
    await once(socket, 'connect', { signal })
    if (authorize !== undefined) await check(socket, authorize)
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

async function check(socket: Socket, authorize: Authorize): Promise<void> {
  const stream = streamOf(socket)
  if (stream === null) throw codedError('ERR_SOCKET_CLOSED')
  const credentials = credentialsOfStream(stream)
  if ((await authorize(credentials, peerOfStream(stream))) === true) return
  throw ipcError('ERR_X_NOT_AUTHORIZED', `process ${credentials.pid} of user ${credentials.uid}`)
}
