// Parity of connections: what both ends see of each other, over each sort of address.
import { once } from 'node:events'
import type net from 'node:net'
import {
  type Bench,
  type Case,
  closeAll,
  closeOf,
  connected,
  eventsOf,
  type Notes,
  textUntilEnd,
} from './bench'

function stateOf(socket: net.Socket): Notes {
  const { connecting, pending, readyState, destroyed, bytesRead, bytesWritten, readable, writable } = socket
  return { connecting, pending, readyState, destroyed, bytesRead, bytesWritten, readable, writable }
}

function addressesOf(socket: net.Socket, port: number): Notes {
  const { localAddress, localFamily, remoteAddress, remoteFamily } = socket
  const own = socket.address() as Partial<net.AddressInfo>
  return {
    localAddress,
    localFamily,
    remoteAddress,
    remoteFamily,
    knowsServerPort: [socket.localPort, socket.remotePort].includes(port),
    ownAddress: own.address,
    ownFamily: own.family,
    ownPortIsLocal: own.port === socket.localPort,
  }
}

async function echo(bench: Bench, where: net.ListenOptions): Promise<Notes> {
  const { server, client, peer, port } = await connected(bench, { where })
  const notes: Notes = {}
  const serverAddress = server.address()
  if (serverAddress && typeof serverAddress === 'object') {
    notes['server address'] = serverAddress.address
    notes['server family'] = serverAddress.family
  } else notes['server address is its path'] = serverAddress === where.path
  add(notes, 'client', { ...stateOf(client), ...addressesOf(client, port) })
  add(notes, 'peer', { ...stateOf(peer), ...addressesOf(peer, port) })
  notes['ends meet'] = client.localPort === peer.remotePort
  peer.on('data', chunk => peer.write(chunk))
  const text = textUntilEnd(client)
  const closed = Promise.all([closeOf(client), closeOf(peer)])
  client.end('hello')
  notes['echo'] = await text
  await closed
  add(notes, 'client after', stateOf(client))
  add(notes, 'peer after', stateOf(peer))
  notes['client remote after'] = client.remoteAddress
  await closeAll(server)
  // null of a path too, which older versions of Node forget to clear.
  if (where.path === undefined) notes['server after'] = server.address()
  return notes
}

function add(notes: Notes, prefix: string, more: Notes): void {
  for (const [name, value] of Object.entries(more)) notes[`${prefix} ${name}`] = value
}

const EVENTS = ['lookup', 'connect', 'ready', 'data', 'end', 'finish', 'error', 'close']

export const connectionCases: Record<string, Case> = {
  'an echo over IPv4': bench => echo(bench, { port: 0, host: '127.0.0.1' }),
  'an echo over IPv6': bench => echo(bench, { port: 0, host: '::1' }),
  'an echo over a path': bench => echo(bench, { path: bench.path() }),

  async 'the order of events'(bench) {
    const server = bench.net.createServer(socket => {
      socket.on('error', () => {})
      socket.end('bye')
    })
    const ofServer = eventsOf(server, ['listening', 'connection', 'close'])
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = bench.net.connect((server.address() as net.AddressInfo).port, '127.0.0.1')
    const ofClient = eventsOf(client, EVENTS)
    const before = { connecting: client.connecting, pending: client.pending, readyState: client.readyState }
    await closeOf(client)
    await closeAll(server)
    return { ...before, client: ofClient.join(), server: ofServer.join() }
  },

  async 'half-open: a server goes on writing after the client’s end'(bench) {
    const { server, client, peer } = await connected(bench, {
      server: { allowHalfOpen: true },
      client: { allowHalfOpen: true },
    })
    const text = textUntilEnd(client)
    const asked = textUntilEnd(peer)
    client.end('question')
    const question = await asked
    const states = { peer: peer.readyState, client: client.readyState, writable: peer.writable }
    peer.write('an')
    peer.end('swer')
    const answer = await text
    await closeAll(server, client, peer)
    return { question, answer, ...states }
  },

  async 'not half-open: the end is answered by an end'(bench) {
    const { server, client, peer } = await connected(bench)
    const ofPeer = eventsOf(peer, EVENTS)
    const ofClient = eventsOf(client, EVENTS)
    peer.resume()
    client.resume()
    const closed = Promise.all([closeOf(client), closeOf(peer)])
    client.end()
    await closed
    await closeAll(server)
    return { peer: ofPeer.join(), client: ofClient.join() }
  },

  async 'reset: the peer sees ECONNRESET'(bench) {
    const { server, client, peer } = await connected(bench)
    const ofPeer = eventsOf(peer, EVENTS)
    const ofClient = eventsOf(client, EVENTS)
    peer.on('error', () => {})
    peer.resume()
    const closed = Promise.all([closeOf(client), closeOf(peer)])
    const isSame = client.resetAndDestroy() === client
    await closed
    await closeAll(server)
    return {
      isSame,
      peer: ofPeer.join(),
      client: ofClient.join(),
      errored: (peer.errored as NodeJS.ErrnoException | null)?.code,
      syscall: (peer.errored as NodeJS.ErrnoException | null)?.syscall,
      message: peer.errored?.message,
    }
  },

  async 'destroy: with and without an error'(bench) {
    const notes: Notes = {}
    for (const error of [undefined, new Error('own')]) {
      const { server, client, peer } = await connected(bench)
      const seen = eventsOf(client, EVENTS)
      client.on('error', () => {})
      peer.resume()
      const closed = Promise.all([closeOf(client), closeOf(peer)])
      client.destroy(error)
      notes[`${error?.message} destroyed`] = client.destroyed
      await closed
      notes[`${error?.message} events`] = seen.length
      notes[`${error?.message} state`] = client.readyState
      await closeAll(server)
    }
    return notes
  },

  async 'back-pressure: write answers false, and drain comes'(bench) {
    const { server, client, peer } = await connected(bench)
    const data = Buffer.alloc(8 << 20, 'x')
    const answer = client.write(data)
    const state = { answer, needDrain: client.writableNeedDrain, bytesWritten: client.bytesWritten }
    let read = 0
    peer.on('data', chunk => {
      read += chunk.length
    })
    await once(client, 'drain')
    client.end()
    await once(peer, 'end')
    const after = { read, total: client.bytesWritten, left: client.writableLength, peerRead: peer.bytesRead }
    await closeAll(server, client, peer)
    return { ...state, ...after }
  },

  async 'callbacks of writes come in order, before finish'(bench) {
    const { server, client, peer } = await connected(bench)
    const seen: string[] = []
    for (const name of ['a', 'b', 'c']) client.write(name, error => seen.push(error ? 'error' : name))
    client.end('d', () => seen.push('end'))
    client.on('finish', () => seen.push('finish'))
    const text = await textUntilEnd(peer)
    await closeAll(server, client, peer)
    return { text, seen: seen.join() }
  },

  async 'writing after the end is an error'(bench) {
    const { server, client, peer } = await connected(bench)
    peer.resume()
    client.end()
    const failing = once(client, 'error') as Promise<[NodeJS.ErrnoException]>
    let told: string | undefined
    client.write('late', error => {
      told = (error as NodeJS.ErrnoException | null)?.code
    })
    const [error] = await failing
    await closeAll(server, client, peer)
    return { code: error.code, message: error.message, told }
  },

  async 'paused sockets keep their bytes'(bench) {
    const { server, client, peer } = await connected(bench, { server: { pauseOnConnect: true } })
    const paused = peer.isPaused()
    client.end('waiting')
    peer.setEncoding('utf8')
    const read = peer.bytesRead
    const text = textUntilEnd(peer)
    peer.resume()
    const notes = { paused, read, text: await text, encoding: peer.readableEncoding, after: peer.bytesRead }
    await closeAll(server, client, peer)
    return notes
  },

  async 'two megabytes each way at once'(bench) {
    const { server, client, peer } = await connected(bench)
    const data = Buffer.alloc(2 << 20, '0123456789')
    const both = [client, peer].map(async socket => {
      const chunks: Buffer[] = []
      socket.on('data', chunk => chunks.push(Buffer.from(chunk)))
      socket.end(data)
      await once(socket, 'end')
      return Buffer.concat(chunks).equals(data)
    })
    const same = await Promise.all(both)
    await closeAll(server, client, peer)
    return { client: same[0], peer: same[1] }
  },

  async 'options return the socket'(bench) {
    const { server, client, peer } = await connected(bench)
    const notes = {
      noDelay: client.setNoDelay() === client,
      keepAlive: client.setKeepAlive(true, 1000) === client,
      timeout: client.setTimeout(0) === client,
      ref: client.ref() === client,
      unref: client.unref() === client,
      pause: client.pause() === client,
      resume: client.resume() === client,
      encoding: client.setEncoding('latin1') === client,
      serverRef: server.ref() === server,
    }
    await closeAll(server, client, peer)
    return notes
  },

  async 'an idle socket times out'(bench) {
    const { server, client, peer } = await connected(bench)
    client.setTimeout(30)
    await once(client, 'timeout')
    const notes = { timeout: client.timeout, destroyed: client.destroyed }
    await closeAll(server, client, peer)
    return notes
  },
}
