// A user's program, compiled with the types of each supported Node: what this package has, where node:net's is asked for.
import http from 'node:http'
import type nodeNet from 'node:net'
import tls from 'node:tls'
import net, { BlockList, Server, Socket, SocketAddress } from '@x/core'
import { fromNodeSocket, toNodeSocket } from '@x/core/interop'
import { connect, listen } from '@x/core/promises'
import { isRegistered } from '@x/core/register'
import { selectTransport } from '@x/core/transport'

declare const socket: Socket
declare const server: Server

// An instance is one of node:net's, as far as types go.
const asSocket: nodeNet.Socket = socket
const asServer: nodeNet.Server = server
const asList: nodeNet.BlockList = new BlockList()
const asAddress: nodeNet.SocketAddress = new SocketAddress({ address: '::1', family: 'ipv6' })

// So are the classes and the functions, and so is the module.
const asSocketClass: typeof nodeNet.Socket = Socket
const asServerClass: typeof nodeNet.Server = Server
const asCreateServer: typeof nodeNet.createServer = net.createServer
const asConnect: typeof nodeNet.connect = net.connect
const asModule: typeof nodeNet = net

export {
  asAddress,
  asConnect,
  asCreateServer,
  asList,
  asModule,
  asServer,
  asServerClass,
  asSocket,
  asSocketClass,
}

// Where Node's own modules and other people's functions ask for one.
declare function takesNodes(socket: nodeNet.Socket, server: nodeNet.Server): void
takesNodes(socket, server)
tls.connect({ socket, servername: 'localhost' })
new tls.TLSSocket(socket)
http.get({ createConnection: () => socket })
http.createServer().emit('connection', socket)

// A program that was written for node:net, with its import changed.
function serve(listener: (socket: nodeNet.Socket) => void): nodeNet.Server {
  return net.createServer({ allowHalfOpen: true }, listener).listen(0, '127.0.0.1', 511, () => {})
}
serve(accepted =>
  accepted
    .setEncoding('utf8')
    .setKeepAlive(true, 1000)
    .on('data', data => accepted.write(data)),
)
const of: nodeNet.Server | null | object = socket.server
void of

// Types are members of the default export, too; and wrong ones are refused.
const named: net.Socket = fromNodeSocket(toNodeSocket(socket))
const info: net.AddressInfo | string | null = server.address()
const more: [Promise<net.Socket>, Promise<net.Server>] = [connect(80), listen(80)]
const rest: [string, boolean] = [selectTransport().transport.name, isRegistered()]

export { info, more, named, rest }

// @ts-expect-error a port is no boolean
net.connect(true)
