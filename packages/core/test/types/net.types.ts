// Compiled, never run: this package where @types/node's types of net are asked for, and the other way round.
import http from 'node:http'
import type nodeNet from 'node:net'
import { createInterface } from 'node:readline'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import net, {
  type AddressInfo,
  BlockList,
  BoundSocket,
  connect,
  createConnection,
  createServer,
  isIP,
  type NetConnectOpts,
  Server,
  type ServerOpts,
  Socket,
  SocketAddress,
  type SocketConstructorOpts,
  type TcpSocketConnectOpts,
} from '../../src/index'

declare function takesStreams(readable: NodeJS.ReadableStream, writable: NodeJS.WritableStream): void
declare function takesDuplex(stream: Duplex): void

const socket = new Socket({ allowHalfOpen: true })
const server = new Server({ pauseOnConnect: true }, (accepted: Socket) => accepted.end())
takesDuplex(socket)
takesStreams(socket, socket)
createInterface({ input: socket })

// Where @types/node's classes are asked for.
const asNodes: [nodeNet.Socket, nodeNet.Server] = [socket, server]
const functions: [typeof nodeNet.connect, typeof nodeNet.createServer] = [connect, createServer]
void [asNodes, functions]

// Options that were made for node:net.
declare const nodeConnect: nodeNet.TcpNetConnectOpts
declare const nodeIpc: nodeNet.IpcNetConnectOpts
declare const nodeSocketOptions: nodeNet.SocketConstructorOpts
declare const nodeServerOptions: nodeNet.ServerOpts
declare const nodeListen: nodeNet.ListenOptions
connect(nodeConnect)
connect(nodeIpc)
new Socket(nodeSocketOptions)
createServer(nodeServerOptions)
server.listen(nodeListen)

// Every overload of connect.
const listener = (): void => {}
const sockets: Socket[] = [
  connect(80),
  connect(80, listener),
  connect(80, 'localhost'),
  connect(80, 'localhost', listener),
  connect('/path'),
  connect('/path', listener),
  connect({ port: 80, host: 'localhost', family: 4, lookup: undefined }, listener),
  connect({ path: '/path' }),
  createConnection(80, 'localhost'),
  socket.connect(80),
  socket.connect(80, 'localhost', listener),
  socket.connect('/path', listener),
  socket.connect({ port: 80 }),
  Socket(),
]
void sockets

// Every overload of listen.
const servers: Server[] = [
  server.listen(),
  server.listen(listener),
  server.listen(0),
  server.listen(0, listener),
  server.listen(0, 511, listener),
  server.listen(0, 'localhost'),
  server.listen(0, 'localhost', listener),
  server.listen(0, 'localhost', 511, listener),
  server.listen('/path'),
  server.listen('/path', listener),
  server.listen('/path', 511, listener),
  server.listen({ port: 0, host: 'localhost', exclusive: true, signal: new AbortController().signal }),
  server.listen({ path: '/path', readableAll: true, writableAll: true }, listener),
  server.listen({ fd: 3 }),
  server.listen(new BoundSocket()),
  Server(),
  createServer(),
  createServer(accepted => accepted.pipe(accepted)),
]
void servers

// Events are typed by their names.
socket
  .on('data', (data: Buffer) => data.length)
  .on('data', (text: string) => text.length)
  .once('error', (error: Error) => error.message)
  .on('close', (hadError: boolean) => hadError)
  .on('lookup', (error, address, family, host) => [error, address, family, host])
  .on('connectionAttempt', (ip: string, port: number, family: number) => [ip, port, family])
  .on('connect', listener)
  .on('something else', (...args: unknown[]) => args)
server
  .on('connection', (accepted: Socket) => accepted.remoteAddress)
  .on('drop', data => data?.remotePort)
  .on('listening', listener)
  .once('error', (error: Error) => error.message)

// What comes back.
const at: AddressInfo | string | null = server.address()
const family: number = isIP('::1')
const list: BlockList = new BlockList()
list.addAddress(new SocketAddress({ address: '::1', family: 'ipv6' }))
const isWritten: boolean = socket.write('x', 'utf8', (error?: Error | null) => error)
const chained: Socket = socket
  .setNoDelay()
  .setKeepAlive(true, 1000)
  .setTimeout(5, listener)
  .ref()
  .unref()
  .pause()
void [at, family, isWritten, chained]

// The default export is a namespace of types, too.
const named: net.Socket = new net.Socket()
const options: net.NetConnectOpts | NetConnectOpts = { port: 1 } satisfies TcpSocketConnectOpts
const more: [SocketConstructorOpts, ServerOpts] = [{ fd: 3 }, { noDelay: true }]
void [named, options, more]

// Node's own modules take them.
http.createServer().emit('connection', socket)
http.get({ createConnection: () => socket })
tls.connect({ socket })
new tls.TLSSocket(socket)

// @ts-expect-error a port is no boolean
connect(true)
// @ts-expect-error no such option
new BoundSocket({ hots: '127.0.0.1' })
