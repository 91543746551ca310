// Parity of addresses: one place by several names, what may be bound beside what, and a socket that meets itself.
import { once } from 'node:events'
import type net from 'node:net'
import path from 'node:path'
import { type Bench, type Case, closeAll, listening } from './bench'

const host = '127.0.0.1'

/** What listening comes to: `listening`, or the error's code. The server is closed again. */
async function tryListen({ net }: Bench, where: net.ListenOptions): Promise<string | undefined> {
  const server = net.createServer()
  server.listen(where)
  try {
    await once(server, 'listening')
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  }
  await closeAll(server)
  return 'listening'
}

/** What connecting comes to: the addresses of both ends, or the error's code. */
async function tryConnect({ net }: Bench, where: net.NetConnectOpts): Promise<string | undefined> {
  const socket = net.connect(where)
  try {
    await once(socket, 'connect')
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  }
  const ends = `${socket.localAddress} > ${socket.remoteAddress}`
  socket.destroy()
  await once(socket, 'close')
  return ends
}

export const addressCases: Record<string, Case> = {
  async 'one path by several names'(bench) {
    const at = bench.path()
    const near = path.relative(process.cwd(), at)
    const server = bench.net.createServer()
    await listening(server, { path: near })
    const notes = {
      address: server.address() === near,
      whole: await tryConnect(bench, { path: at }),
      round: await tryConnect(bench, {
        path: `${path.dirname(at)}/../${path.basename(path.dirname(at))}//${path.basename(at)}`,
      }),
      again: await tryListen(bench, { path: at }),
      slash: await tryListen(bench, { path: `${at}x/` }),
    }
    await closeAll(server)
    return notes
  },

  async 'the longest abstract name'(bench) {
    const name = `\0${process.pid}`.padEnd(108, 'a')
    const server = bench.net.createServer()
    await listening(server, { path: name })
    const notes = {
      there: await tryConnect(bench, { path: name }),
      again: await tryListen(bench, { path: name }),
    }
    await closeAll(server)
    return notes
  },

  async 'an IPv4 address in its IPv6 form'(bench) {
    const server = bench.net.createServer()
    const port = await listening(server, { port: 0, host: '::ffff:127.0.0.1' })
    const notes = {
      address: (server.address() as net.AddressInfo).address,
      v4: await tryConnect(bench, { port, host }),
      mapped: await tryConnect(bench, { port, host: '::ffff:127.0.0.1' }),
      v6: await tryConnect(bench, { port, host: '::1' }),
      beside: await tryListen(bench, { port, host }),
      linkLocal: await tryListen(bench, { port: 0, host: 'fe80::1' }),
    }
    await closeAll(server)
    return notes
  },

  async 'a socket that connects to itself'(bench) {
    const spare = bench.net.createServer()
    const port = await listening(spare, { port: 0, host })
    await closeAll(spare)
    const socket = bench.net.connect({ port, host, localPort: port, localAddress: host })
    await once(socket, 'connect')
    socket.write('echo')
    const [data] = await once(socket, 'data')
    const notes = { data: String(data), same: socket.localPort === socket.remotePort }
    socket.destroy()
    await once(socket, 'close')
    return notes
  },

  async 'two connections between the same two ports'(bench) {
    const [server, spare] = [bench.net.createServer(socket => socket.resume()), bench.net.createServer()]
    const port = await listening(server, { port: 0, host })
    const localPort = await listening(spare, { port: 0, host })
    await closeAll(spare)
    const where = { port, host, localPort, localAddress: host }
    const first = bench.net.connect(where)
    await once(first, 'connect')
    const second = await tryConnect(bench, where)
    await closeAll(server, first)
    return { second }
  },
}
