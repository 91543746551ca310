// From an accepted stream to the server's 'connection' event: who is refused, and how its socket is set up.
import { channel } from 'node:diagnostics_channel'
import type { DropReason } from '../admission/options'
import type { PeerKeys } from '../admission/peer-keys'
import { systemError } from '../errors/system-error'
import type { Proxied } from '../proxy-protocol/proxied'
import type { AcceptingServer } from '../socket/accepting-server'
import { tcpEnd } from '../socket/ends'
import { dropSocket } from '../socket/life-cycle'
import { kRead, type PreparedOptions } from '../socket/options'
import { Socket } from '../socket/socket'
import { kState, type StatefulDuplex } from '../socket/state'
import { callEach } from '../transport/call-each'
import type { Address, Status, StreamHandle, Transport } from '../transport/contract'
import type { DropArgument } from './options'
import { kServer, type StatefulServer } from './state'

const serverSocketChannel = channel('net.server.socket')

/** What a listener tells: a stream, or that accepting fails for now. */
export function acceptStream(server: StatefulServer, status: Status, stream: StreamHandle | null): void {
  const own = server[kServer]
  own.acceptStatus = status
  if (stream === null) {
    tellShortage(server, status)
    return
  }
  let keys: Admitted
  let socket: Socket
  // Filters are the program's own and may throw: the stream is nobody's until its socket is there.
  try {
    keys = judge(server, stream)
    if (keys === refused) return
    socket = new Socket(socketOptions(server, stream, own.transport))
  } catch (error) {
    stream.close()
    throw error
  }
  emitConnection(server, socket, keys)
}

/** Whether a stream is a connection as it comes. One that is not is closed, or waits for its header. */
function judge(server: StatefulServer, stream: StreamHandle): Admitted {
  const { blockList, proxy } = server[kServer]
  if (blockList !== undefined && isBlocked(addressOf(stream.peername()), blockList)) {
    stream.close()
    return refused
  }
  if (proxy !== null && !isDirect(server, stream)) return refused
  return admit(server, stream, null)
}

/** False for a stream that is dropped, or begins with a header: one from a trusted proxy. */
function isDirect(server: StatefulServer, stream: StreamHandle): boolean {
  const own = server[kServer]
  const proxy = own.proxy!
  const from = addressOf(stream.peername())
  // The peer has gone: nobody knows whether it was a proxy, and it is nobody's client.
  if (from === undefined) dropStream(server, stream, 'proxy-header', null, 'cannot be read')
  else if (!proxy.isTrusted(from)) {
    if (!proxy.dropsOthers) return true
    dropStream(server, stream, 'untrusted')
  } else if (!own.hasRoom() && !own.admission?.waits) dropStream(server, stream, 'max-connections')
  else {
    proxy.read(stream, from)
    own.admission?.settle()
  }
  return false
}

/** A stream whose PROXY header has come, with the bytes that came behind it. True where it is admitted. */
export function acceptProxied(
  server: StatefulServer,
  stream: StreamHandle,
  proxied: Proxied,
  rest: Buffer,
): boolean {
  const { blockList, transport } = server[kServer]
  let keys: Admitted
  let socket: Socket
  try {
    if (blockList !== undefined && isBlocked(proxied.peer, blockList)) {
      stream.close()
      return false
    }
    keys = admit(server, stream, proxied)
    if (keys === refused) return false
    const options = socketOptions(server, stream, transport)
    socket = new Socket({ ...options, manualStart: true })
    socket[kState].keep({ proxied })
    if (rest.length > 0) socket.push(rest)
    if (!options.pauseOnCreate) socket.read(0)
  } catch (error) {
    stream.close()
    throw error
  }
  emitConnection(server, socket, keys)
  return true
}

const refused = Symbol('refused')

/** The keys that an admitted stream is counted by, null where it is not. */
type Admitted = PeerKeys | null | typeof refused

/** Asks the limits about a stream. One that they refuse is dropped. */
function admit(server: StatefulServer, stream: StreamHandle, proxied: Proxied | null): Admitted {
  const own = server[kServer]
  const { admission } = own
  // A server that waits for room has paused its listener; what came all the same is let in.
  if (!own.hasRoom() && !admission?.waits) {
    dropStream(server, stream, 'max-connections', proxied)
    return refused
  }
  if (admission === null) return null
  const keys = admission.keysOf(tcpEnd(proxied?.peer ?? addressOf(stream.peername())))
  const reason = admission.refusal(keys)
  if (reason === null) return keys
  dropStream(server, stream, reason, proxied)
  return refused
}

/** Closes a connection that no program has seen, and tells it. */
export function dropStream(
  server: StatefulServer,
  stream: StreamHandle,
  reason: DropReason,
  proxied: Proxied | null = null,
  problem?: string,
): void {
  const ends = describeEnds(stream, reason, proxied)
  stream.close()
  server[kServer].countDrop(reason)
  // Of a local connection Node tells nothing.
  if (ends === undefined && reason === 'max-connections') server.emit('drop')
  else server.emit('drop', asDropped({ ...(ends ?? { reason }), ...(problem !== undefined && { problem }) }))
}

/** Resets a connection that the program has, and tells it. */
export function dropConnection(server: StatefulServer, socket: Socket, reason: DropReason): void {
  const tell = dropTeller(server, socket, reason)
  callEach([() => dropSocket(socket as unknown as StatefulDuplex), tell])
}

/** Counts a drop, and answers what tells it: with the ends that the connection has now. */
export function dropTeller(server: StatefulServer, socket: Socket, reason: DropReason): () => void {
  const { localAddress, localPort, localFamily, remoteAddress, remotePort, remoteFamily } = socket
  const ends = { localAddress, localPort, localFamily, remoteAddress, remotePort, remoteFamily, reason }
  server[kServer].countDrop(reason)
  return () => void server.emit('drop', asDropped(ends))
}

function isBlocked(
  peer: Address | undefined,
  blockList: { check(address: string, family: 'ipv4' | 'ipv6'): boolean },
): boolean {
  const end = tcpEnd(peer)
  return end !== undefined && blockList.check(end.address, end.family === 'IPv6' ? 'ipv6' : 'ipv4')
}

/**
 * A literal: an object spread gives each object its own hidden class, and each look at one is slow. The symbol is assigned: a
 * computed key in a literal is defined by V8's runtime each time, a tenth of what a short connection takes in user space.
 */
function socketOptions(
  server: StatefulServer,
  handle: StreamHandle,
  transport: Transport | undefined,
): PreparedOptions {
  const options: PreparedOptions = { pauseOnCreate: server.pauseOnConnect, handle, transport }
  options[kRead] = server[kServer].connectionOptions.of(server)
  return options
}

function emitConnection(server: StatefulServer, socket: Socket, keys: PeerKeys | null): void {
  const own = server[kServer]
  own.connections++
  own.sockets.add(socket)
  socket.server = server as unknown as AcceptingServer
  socket[kState].keeper = own
  own.admission?.admitted(socket, keys)
  server.emit('connection', socket)
  if (serverSocketChannel.hasSubscribers) serverSocketChannel.publish({ socket })
}

function describeEnds(
  stream: StreamHandle,
  reason: DropReason,
  proxied: Proxied | null,
): DropArgument | undefined {
  const own = tcpEnd(proxied?.own ?? addressOf(stream.sockname()))
  const peer = tcpEnd(proxied?.peer ?? addressOf(stream.peername()))
  if (own === undefined && peer === undefined) return undefined
  return {
    localAddress: own?.address,
    localPort: own?.port,
    localFamily: own?.family,
    remoteAddress: peer?.address,
    remotePort: peer?.port,
    remoteFamily: peer?.family,
    reason,
  }
}

/** The argument of 'drop': as Node has it, without the members of Object. */
function asDropped(told: DropArgument): DropArgument {
  return Object.assign(Object.create(null) as DropArgument, told)
}

function addressOf(name: Address | Status): Address | undefined {
  return typeof name === 'number' ? undefined : name
}

/** Descriptors ran out, for one: the transport goes on by itself, so it ends no program that does not listen for it. */
function tellShortage(server: StatefulServer, status: Status): void {
  const error = systemError(status, 'accept')
  // An iteration hears of it, too, and goes on.
  const { iterations } = server[kServer]
  if (server.listenerCount('error') > iterations.size) server.emit('error', error)
  else process.emitWarning(`${error.message}: connections wait until it is over`, 'AcceptWarning')
}
