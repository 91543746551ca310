// toNodeSocket and fromNodeSocket: the connection goes on without a byte lost, whoever held it before.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { connect, createServer, type Server, Socket } from '../../src/index'
import { fromNodeSocket, toNodeSocket } from '../../src/interop'
import type { Transport } from '../../src/transport/contract'
import { loadNative } from '../../src/transport/native'
import { portable } from '../../src/transport/portable'
import { echoes } from './traffic'

const opened: (Server | net.Server)[] = []
afterEach(async () => {
  for (const server of opened.splice(0)) {
    server.close()
    await once(server as net.Server, 'close')
  }
})

/** A connection through one server: both ends, ours or Node's as asked. */
async function pair(
  transport: Transport,
  kinds: { server: 'ours' | 'nodes'; client: 'ours' | 'nodes' },
): Promise<{ accepted: Socket | net.Socket; client: Socket | net.Socket }> {
  const options = { allowHalfOpen: true }
  const server = kinds.server === 'ours' ? createServer({ transport, ...options }) : net.createServer(options)
  opened.push(server)
  server.listen(0, '127.0.0.1')
  await once(server as net.Server, 'listening')
  const { port } = server.address() as net.AddressInfo
  const to = { port, host: '127.0.0.1', ...options }
  const client = kinds.client === 'ours' ? connect({ transport, ...to }) : net.connect(to)
  const [[accepted]] = await Promise.all([
    once(server as net.Server, 'connection'),
    once(client as net.Socket, 'connect'),
  ])
  return { accepted, client }
}

async function readAll(stream: Duplex): Promise<string> {
  const chunks: Buffer[] = []
  // Not `for await`, which destroys the stream once its readable side has ended.
  stream.on('data', chunk => chunks.push(chunk))
  await once(stream, 'end')
  return Buffer.concat(chunks).toString()
}

const transports: [string, Transport | null][] = [
  ['native', loadNative().transport],
  ['portable', portable],
]

for (const [name, transport] of transports) {
  describe.skipIf(transport === null)(`toNodeSocket on the ${name} transport`, () => {
    it('[N6] gives a socket of node:net with the bytes that were read before it', async () => {
      const { accepted, client } = await pair(transport!, { server: 'ours', client: 'nodes' })
      const ours = accepted as Socket
      client.write('first ')
      await once(ours as unknown as Duplex, 'readable')
      const node = toNodeSocket(ours)
      expect(node).toBeInstanceOf(net.Socket)
      expect(node.remotePort).toBe(client.localPort)
      client.end('second')
      expect(await readAll(node)).toBe('first second')
      node.end('bye')
      expect(await readAll(client as net.Socket)).toBe('bye')
    })

    it('[N6] ends the socket that it was, which tells nobody else', async () => {
      const { accepted, client } = await pair(transport!, { server: 'ours', client: 'nodes' })
      const ours = accepted as Socket
      const closed = once(ours as unknown as Duplex, 'close')
      const node = toNodeSocket(ours)
      expect(await closed).toEqual([false])
      expect(() => toNodeSocket(ours)).toThrow('Socket is closed')
      node.write('still here')
      const [said] = await once(client as net.Socket, 'data')
      expect(String(said)).toBe('still here')
      for (const end of [client, node]) end.destroy()
    })

    it('[N6] sends what was written before', async () => {
      const { accepted, client } = await pair(transport!, { server: 'ours', client: 'nodes' })
      ;(accepted as Socket).write('before ')
      toNodeSocket(accepted as Socket).end('after')
      expect(await readAll(client as net.Socket)).toBe('before after')
      client.end()
    })

    it('[N6] refuses while the system has not taken what was written', async () => {
      const { accepted, client } = await pair(transport!, { server: 'ours', client: 'nodes' })
      const ours = accepted as Socket
      client.pause()
      while (ours.write(Buffer.alloc(1 << 20))) {}
      await new Promise(setImmediate)
      expect(() => toNodeSocket(ours)).toThrow('detach EBUSY')
      client.resume()
      await once(ours as unknown as Duplex, 'drain')
      toNodeSocket(ours).end()
      await once(client as net.Socket, 'end')
      client.end()
    })

    it('[N6] gives a socket that tls takes for its own', async () => {
      const [key, cert] = ['key.pem', 'cert.pem'].map(file =>
        readFileSync(path.join(import.meta.dirname, file)),
      )
      const { accepted, client } = await pair(transport!, { server: 'ours', client: 'ours' })
      const secureContext = tls.createSecureContext({ key, cert })
      const server = new tls.TLSSocket(toNodeSocket(accepted as Socket), { isServer: true, secureContext })
      server.allowHalfOpen = true
      server.pipe(server)
      const socket = toNodeSocket(client as Socket)
      const secure = tls.connect({
        socket,
        ca: cert,
        servername: 'localhost',
        allowHalfOpen: true,
      } as tls.ConnectionOptions)
      await once(secure, 'secureConnect')
      expect(await echoes(secure)).toBe(true)
    })

    it('[N6] refuses sockets that are not connected, or decode strings', async () => {
      expect(() => toNodeSocket(new Socket())).toThrow('Socket is closed')
      const { accepted, client } = await pair(transport!, { server: 'ours', client: 'nodes' })
      ;(accepted as Socket).setEncoding('utf8')
      expect(() => toNodeSocket(accepted as Socket)).toThrow(
        "The argument 'socket' decodes strings (setEncoding)",
      )
      for (const end of [accepted, client]) end.destroy()
    })
  })

  describe.skipIf(transport === null)(`fromNodeSocket on the ${name} transport`, () => {
    it('[N6] gives a socket of this package with the bytes that were read before it', async () => {
      const { accepted, client } = await pair(transport!, { server: 'nodes', client: 'ours' })
      const node = accepted as net.Socket
      client.write('first ')
      await once(node, 'readable')
      const { remotePort } = node
      const ours = fromNodeSocket(node, { transport: transport! })
      expect(ours).toBeInstanceOf(Socket)
      expect(ours.remotePort).toBe(remotePort)
      client.end('second')
      expect(await readAll(ours as unknown as Duplex)).toBe('first second')
      ours.end('bye')
      expect(await readAll(client as unknown as Duplex)).toBe('bye')
    })

    it('[N6] carries 64 MB both ways', async () => {
      const { accepted, client } = await pair(transport!, { server: 'nodes', client: 'nodes' })
      const ours = fromNodeSocket(accepted as net.Socket, { transport: transport! })
      ours.pipe(ours as unknown as Duplex)
      expect(await echoes(client as net.Socket)).toBe(true)
    })

    it('[N6] refuses what is no plain connected socket of node:net', async () => {
      expect(() => fromNodeSocket({} as net.Socket)).toThrow(
        'must be an net.Socket. Received an instance of Object',
      )
      expect(() => fromNodeSocket(new net.Socket())).toThrow('Socket is closed')
      const { accepted, client } = await pair(transport!, { server: 'nodes', client: 'nodes' })
      const secure = new tls.TLSSocket(accepted as net.Socket, { isServer: true })
      secure.on('error', () => {})
      expect(() => fromNodeSocket(secure)).toThrow('must be an net.Socket. Received an instance of TLSSocket')
      for (const end of [secure, client]) end.destroy()
    })
  })
}

it('[N6] gives a socket of node:net for any Duplex, such as one of tls; one of node:net as it is', async () => {
  const [key, cert] = ['key.pem', 'cert.pem'].map(file => readFileSync(path.join(import.meta.dirname, file)))
  const server = tls.createServer({ key, cert, allowHalfOpen: true } as tls.TlsOptions, socket =>
    socket.pipe(socket),
  )
  opened.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  const secure = tls.connect({ port, host: '127.0.0.1', ca: cert, servername: 'localhost' })
  await once(secure, 'secureConnect')
  const node = toNodeSocket(secure)
  expect(node.constructor).toBe(net.Socket)
  expect([node.remotePort, toNodeSocket(node)]).toEqual([port, node])
  expect(await echoes(node, 8)).toBe(true)
})

it('[N6] [S3] gives a socket that a child process takes, with nothing read of it', async () => {
  const child = fork(path.join(import.meta.dirname, 'child.mjs'), { env: {}, execArgv: [] })
  const server = createServer({ pauseOnConnect: true }, socket =>
    child.send('take this', toNodeSocket(socket)),
  )
  opened.push(server)
  server.listen(0, '127.0.0.1')
  await once(server as unknown as net.Server, 'listening')
  const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1')
  client.end('hello')
  expect(await readAll(client)).toBe('the child heard hello')
  child.disconnect()
  await once(child, 'exit')
})
