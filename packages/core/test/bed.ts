// What the tests of servers and sockets share: the transports to run on, and connections that close themselves.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import { connect, createServer, type Server, type ServerOpts, type Socket } from '../src'
import { UV_ENOTSUP } from '../src/errors/errno'
import type { ListenOptions } from '../src/server/options'
import type { Transport } from '../src/transport/contract'
import { loadNative } from '../src/transport/native'
import { portable } from '../src/transport/portable'

const native = loadNative().transport

/** Each transport that works here; native is missing where its addon was not built. */
export const transports: Transport[] = native === null ? [portable] : [native, portable]

/** Whether connections can be left in the backlog. */
export function canPause(transport: Transport): boolean {
  const listener = transport.listener('tcp')
  const status = listener.pause()
  listener.close()
  return status !== UV_ENOTSUP
}

/** What nobody catches until the test is over, in the place of those who heard of it. */
export function uncaughtErrors(): Error[] {
  const errors: Error[] = []
  const others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', error => errors.push(error))
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException')
    for (const other of others) process.on('uncaughtException', other)
  })
  return errors
}

/** A folder for socket paths that goes with the test. */
export function temporaryPath(name = 's'): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'x-core-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return path.join(folder, name)
}

export interface Listening {
  readonly server: Server
  readonly port: number
  /** Connects to the server; the socket goes with the test. */
  dial(options?: object): Socket
  /** The next accepted connection. */
  accepted(): Promise<Socket>
}

/** A server that listens, closed with all its connections when the test is over. */
export async function serve(
  options: ServerOpts & { listener?: (socket: Socket) => void },
  at: ListenOptions = { port: 0, host: '127.0.0.1' },
): Promise<Listening> {
  const { listener, ...more } = options
  const sockets: Socket[] = []
  const server = createServer(more, listener)
  server.on('connection', socket => sockets.push(socket))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    if (server.listening) await new Promise(resolve => server.close(resolve))
  })
  server.listen(at)
  await once(server, 'listening')
  const address = server.address()
  const place = typeof address === 'string' ? { path: address } : { port: address!.port, host: '127.0.0.1' }
  return {
    server,
    port: typeof address === 'string' ? 0 : address!.port,
    dial(dialOptions = {}) {
      const socket = connect({ ...place, transport: more.transport, ...dialOptions })
      sockets.push(socket)
      return socket
    },
    async accepted() {
      const [socket] = (await once(server, 'connection')) as [Socket]
      return socket
    },
  }
}

/** Both ends of a connection. */
export async function pair(
  options: ServerOpts,
  at?: ListenOptions,
): Promise<Listening & { near: Socket; far: Socket }> {
  const listening = await serve(options, at)
  const near = listening.dial({ allowHalfOpen: options.allowHalfOpen })
  const [far] = await Promise.all([listening.accepted(), once(near, 'connect')])
  return { ...listening, near, far }
}

/** All that a socket says until its end. */
export async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', chunk => chunks.push(chunk))
  await once(socket, 'end')
  return Buffer.concat(chunks)
}
