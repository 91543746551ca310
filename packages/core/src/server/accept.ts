// From an accepted stream to the server's 'connection' event: who is refused, and how its socket is set up.
import { channel } from 'node:diagnostics_channel'
import type { DropReason } from '../admission/options'
import { systemError } from '../errors/system-error'
import type { AcceptingServer } from '../socket/accepting-server'
import { tcpEnd } from '../socket/ends'
import { resetSocket, type StatefulDuplex } from '../socket/life-cycle'
import { Socket } from '../socket/socket'
import { kState } from '../socket/state'
import { callEach } from '../transport/call-each'
import {
  type Address,
  isTcpAddress,
  type Status,
  type StreamHandle,
  type TcpAddress,
  type Transport,
} from '../transport/contract'
import type { DropArgument } from './options'
import { kServer, type StatefulServer } from './state'

const serverSocketChannel = channel('net.server.socket')

/** What a listener tells: a stream, or that accepting fails for now. */
export function acceptStream(server: StatefulServer, status: Status, stream: StreamHandle | null): void {
  if (stream === null) {
    tellShortage(server, status)
    return
  }
  const { blockList, transport } = server[kServer]
  if (blockList !== undefined && isBlocked(stream, blockList)) {
    stream.close()
    return
  }
  const { admission } = server[kServer]
  // A server that waits for room has paused its listener; what came all the same is let in.
  if (!server[kServer].hasRoom() && !admission?.waits) return drop(server, stream, 'max-connections')
  if (admission === null) return emitConnection(server, new Socket(socketOptions(server, stream, transport)))
  const peer = tcpEnd(addressOf(stream.peername()))
  const reason = admission.refusal(peer)
  if (reason !== null) return drop(server, stream, reason)
  emitConnection(server, new Socket(socketOptions(server, stream, transport)), peer)
}

/** Closes a connection that no program has seen, and tells it. */
function drop(server: StatefulServer, stream: StreamHandle, reason: DropReason): void {
  const ends = describeEnds(stream, reason)
  stream.close()
  server[kServer].countDrop(reason)
  // Of a local connection Node tells nothing.
  if (ends === undefined && reason === 'max-connections') server.emit('drop')
  else server.emit('drop', ends ?? { reason })
}

/** Resets a connection that the program has, and tells it. */
export function dropSocket(server: StatefulServer, socket: Socket, reason: DropReason): void {
  const { localAddress, localPort, localFamily, remoteAddress, remotePort, remoteFamily } = socket
  const ends = { localAddress, localPort, localFamily, remoteAddress, remotePort, remoteFamily, reason }
  server[kServer].countDrop(reason)
  callEach([() => resetSocket(socket as unknown as StatefulDuplex), () => void server.emit('drop', ends)])
}

function isBlocked(
  stream: StreamHandle,
  blockList: { check(address: string, family: 'ipv4' | 'ipv6'): boolean },
): boolean {
  const peer = stream.peername()
  if (typeof peer === 'number' || !isTcpAddress(peer)) return false
  return blockList.check(peer.address, peer.family === 'IPv6' ? 'ipv6' : 'ipv4')
}

/** A literal: an object spread gives each object its own hidden class, and each look at one is slow. */
function socketOptions(server: StatefulServer, handle: StreamHandle, transport: Transport | undefined) {
  return {
    allowHalfOpen: server.allowHalfOpen,
    pauseOnCreate: server.pauseOnConnect,
    readable: true,
    writable: true,
    highWaterMark: server.highWaterMark,
    noDelay: server.noDelay,
    keepAlive: server.keepAlive,
    keepAliveInitialDelay: server.keepAliveInitialDelay,
    coalesce: server[kServer].coalesce,
    handle,
    transport,
  }
}

function emitConnection(server: StatefulServer, socket: Socket, peer?: TcpAddress): void {
  const own = server[kServer]
  own.connections++
  own.sockets.add(socket)
  socket.server = server as unknown as AcceptingServer
  socket[kState].keeper = own
  own.admission?.admitted(socket, peer)
  server.emit('connection', socket)
  if (serverSocketChannel.hasSubscribers) serverSocketChannel.publish({ socket })
}

function describeEnds(stream: StreamHandle, reason: DropReason): DropArgument | undefined {
  const own = tcpEnd(addressOf(stream.sockname()))
  const peer = tcpEnd(addressOf(stream.peername()))
  if (own === undefined && peer === undefined) return undefined
  // As Node has it, without the members of Object.
  return Object.assign(Object.create(null) as DropArgument, {
    localAddress: own?.address,
    localPort: own?.port,
    localFamily: own?.family,
    remoteAddress: peer?.address,
    remotePort: peer?.port,
    remoteFamily: peer?.family,
    reason,
  })
}

function addressOf(name: Address | Status): Address | undefined {
  return typeof name === 'number' ? undefined : name
}

/** Descriptors ran out, for one: the transport goes on by itself, so it ends no program that does not listen for it. */
function tellShortage(server: StatefulServer, status: Status): void {
  const error = systemError(status, 'accept')
  if (server.listenerCount('error') > 0) server.emit('error', error)
  else process.emitWarning(`${error.message}: connections wait until it is over`, 'AcceptWarning')
}
