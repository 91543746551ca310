// Parity of servers, and of what is refused: by the system, by limits and by the checks of arguments.
import { once } from 'node:events'
import type net from 'node:net'
import { getPort } from '../../src'
import {
  type Case,
  closeAll,
  closeOf,
  connected,
  errorOf,
  eventsOf,
  fieldsOf,
  listening,
  type Notes,
  textUntilEnd,
  thrown,
} from './bench'

const host = '127.0.0.1'

export const serverCases: Record<string, Case> = {
  async 'a refused connection'(bench) {
    const server = bench.net.createServer()
    const port = await listening(server, { port: 0, host })
    await closeAll(server)
    const client = bench.net.connect({ port, host })
    const seen = eventsOf(client, ['connect', 'error', 'end', 'close'])
    const closed = closeOf(client)
    const error = await errorOf(client)
    await closed
    return {
      ...fieldsOf(error, port),
      seen: seen.join(),
      destroyed: client.destroyed,
      readyState: client.readyState,
      connecting: client.connecting,
      remoteAddress: client.remoteAddress,
    }
  },

  async 'a path where nobody is'(bench) {
    const path = bench.path()
    const client = bench.net.connect({ path })
    const seen = eventsOf(client, ['connect', 'error', 'end', 'close'])
    const closed = closeOf(client)
    const error = (await errorOf(client)) as NodeJS.ErrnoException & { address?: string }
    await closed
    return {
      code: error.code,
      errno: error.errno,
      syscall: error.syscall,
      address: error.address === path,
      message: error.message.replace(path, 'PATH'),
      seen: seen.join(),
    }
  },

  async 'a port that is taken'(bench) {
    const [first, second] = [bench.net.createServer(), bench.net.createServer()]
    const port = await listening(first, { port: 0, host })
    const seen = eventsOf(second, ['listening', 'error', 'close'])
    second.listen({ port, host })
    const error = await errorOf(second)
    const notes: Notes = { ...fieldsOf(error, port), listening: second.listening, address: second.address() }
    await closeAll(first)
    await listening(second, { port, host })
    notes['listens later'] = second.listening
    await closeAll(second)
    return { ...notes, seen: seen.join() }
  },

  async 'a path that is taken'(bench) {
    const [first, second] = [bench.net.createServer(), bench.net.createServer()]
    const path = bench.path()
    await listening(first, { path })
    second.listen({ path })
    const error = (await errorOf(second)) as NodeJS.ErrnoException & { address?: string; port?: number }
    await closeAll(first)
    return { code: error.code, syscall: error.syscall, address: error.address === path, port: error.port }
  },

  async 'an address of somebody else'(bench) {
    const server = bench.net.createServer()
    server.listen({ port: 0, host: '192.0.2.1' })
    const error = await errorOf(server)
    return { code: error.code, syscall: error.syscall, listening: server.listening }
  },

  async 'both families on ::'(bench) {
    const { server, client, peer } = await connected(bench, {
      where: { port: 0, host: '::' },
      client: { host },
    })
    const notes: Notes = {
      'peer remote': peer.remoteAddress,
      'peer remote family': peer.remoteFamily,
      'peer local': peer.localAddress,
      'client remote': client.remoteAddress,
      'client remote family': client.remoteFamily,
    }
    const { address, family } = server.address() as net.AddressInfo
    await closeAll(server, client, peer)
    return { ...notes, address, family }
  },

  async 'IPv6 alone on ::'(bench) {
    const server = bench.net.createServer()
    const port = await listening(server, { port: await getPort(), host: '::', ipv6Only: true })
    const client = bench.net.connect({ port, host })
    const { code } = await errorOf(client)
    await closeAll(server)
    return { code }
  },

  async 'the life of a server'(bench) {
    const server = bench.net.createServer()
    const notes: Notes = { before: server.listening, address: server.address() }
    server.close(error => {
      notes['close before listen'] = (error as NodeJS.ErrnoException | undefined)?.code
    })
    await new Promise(resolve => setImmediate(resolve))
    const port = await listening(server, { port: 0, host })
    notes['listening'] = server.listening
    notes['listen again'] = thrown(() => server.listen(port))
    const { peer, client } = await connectTo(bench.net, server, port)
    notes['connections'] = await connectionsOf(server)
    let isClosed = false
    server.once('close', () => {
      isClosed = true
    })
    server.close()
    notes['listening while closing'] = server.listening
    notes['closed with a connection'] = isClosed
    const closed = once(server, 'close')
    client.destroy()
    peer.on('error', () => {})
    peer.resume()
    await closed
    notes['connections after'] = await connectionsOf(server)
    notes['refused now'] = (await errorOf(bench.net.connect({ port, host }))).code
    await listening(server, { port: 0, host })
    notes['listens again'] = server.listening
    await closeAll(server)
    return notes
  },

  async 'more connections than a server takes'(bench) {
    const server = bench.net.createServer()
    server.maxConnections = 1
    const port = await listening(server, { port: 0, host })
    const { client, peer } = await connectTo(bench.net, server, port)
    const dropping = once(server, 'drop')
    const second = bench.net.connect({ port, host })
    second.on('error', () => {})
    const [drop] = await dropping
    second.resume()
    await closeOf(second)
    const notes = {
      localAddress: drop.localAddress,
      localFamily: drop.localFamily,
      localPort: drop.localPort === port,
      remoteAddress: drop.remoteAddress,
      remoteFamily: drop.remoteFamily,
      hasRemotePort: typeof drop.remotePort,
      connections: await connectionsOf(server),
    }
    await closeAll(server, client, peer)
    return notes
  },

  async 'wrong arguments'({ net }) {
    const server = net.createServer()
    return {
      'listen port': thrown(() => server.listen({ port: 65536 })),
      'listen port text': thrown(() => server.listen({ port: 'x' as unknown as number })),
      'listen nothing': thrown(() => server.listen({} as net.ListenOptions)),
      'listen signal': thrown(() => server.listen({ port: 0, signal: 'x' as unknown as AbortSignal })),
      'connect nothing': thrown(() => net.connect({} as net.NetConnectOpts)),
      'connect port': thrown(() => net.connect({ port: -1 })),
      'connect local': thrown(() => net.connect({ port: 1, host, localAddress: 'x' })),
      'connect lookup': thrown(() => net.connect({ port: 1, host: 'a', lookup: 1 as never })),
      'create options': thrown(() => net.createServer('x' as never)),
      'write nothing': thrown(() => new net.Socket().write(null as unknown as string)),
      'write number': thrown(() => new net.Socket().write(7 as unknown as string)),
      timeout: thrown(() => new net.Socket().setTimeout(-1)),
      'timeout text': thrown(() => new net.Socket().setTimeout('x' as unknown as number)),
      encoding: thrown(() => new net.Socket().setEncoding('x' as BufferEncoding)),
    }
  },

  async 'a new socket'({ net }) {
    const socket = new net.Socket()
    const {
      connecting,
      pending,
      readyState,
      destroyed,
      bytesRead,
      bytesWritten,
      localAddress,
      remoteAddress,
    } = socket
    const { timeout, allowHalfOpen, readable, writable } = socket as net.Socket & { allowHalfOpen: boolean }
    const address = JSON.stringify(socket.address())
    socket.destroy()
    return {
      connecting,
      pending,
      readyState,
      destroyed,
      bytesRead,
      bytesWritten,
      localAddress,
      remoteAddress,
      timeout,
      allowHalfOpen,
      readable,
      writable,
      address,
      after: socket.readyState,
    }
  },

  async 'aborted connecting and listening'(bench) {
    const server = bench.net.createServer()
    const port = await listening(server, { port: 0, host })
    const controller = new AbortController()
    const client = bench.net.connect({ port, host, signal: controller.signal } as net.NetConnectOpts)
    const failing = errorOf(client)
    controller.abort()
    const error = await failing
    const other = bench.net.createServer()
    const stopping = new AbortController()
    other.listen({ port: 0, host, signal: stopping.signal })
    await once(other, 'listening')
    const closed = once(other, 'close')
    stopping.abort()
    await closed
    await closeAll(server)
    return { name: error.name, code: error.code, destroyed: client.destroyed, otherListens: other.listening }
  },

  async 'many clients at once'(bench) {
    const server = bench.net.createServer(socket => socket.end('one of many'))
    const port = await listening(server, { port: 0, host })
    const texts = await Promise.all(
      Array.from({ length: 50 }, () => textUntilEnd(bench.net.connect({ port, host }))),
    )
    await closeAll(server)
    return { count: texts.length, same: texts.every(text => text === 'one of many') }
  },
}

async function connectTo(
  net: { connect: typeof import('node:net').connect },
  server: net.Server,
  port: number,
) {
  const accepting = once(server, 'connection') as Promise<[net.Socket]>
  const client = net.connect({ port, host })
  const [[peer]] = await Promise.all([accepting, once(client, 'connect')])
  return { client, peer }
}

function connectionsOf(server: net.Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )
}
