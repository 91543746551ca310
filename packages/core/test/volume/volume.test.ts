import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { connect, createServer, type Socket } from '../../src'
import type { Transport } from '../../src/transport/contract'
import { serve, temporaryPath, transports } from '../bed'

const MEGABYTE = 1024 * 1024
const TOTAL = 64 * MEGABYTE
const built = path.resolve(import.meta.dirname, '../../dist/index.js')

/** Writes random bytes as the socket takes them; the hash of what was sent. */
async function pour(socket: Socket): Promise<string> {
  const hash = createHash('sha1')
  const block = randomBytes(MEGABYTE)
  for (let sent = 0; sent < TOTAL; sent += MEGABYTE) {
    block.writeUInt32BE(sent, 0)
    const chunk = Buffer.from(block)
    hash.update(chunk)
    if (!socket.write(chunk)) await once(socket, 'drain')
  }
  socket.end()
  return hash.digest('hex')
}

async function hashOf(socket: Socket): Promise<string> {
  const hash = createHash('sha1')
  // Not by `for await`, which destroys a socket at its end, whatever is still to be written.
  socket.on('data', chunk => hash.update(chunk))
  await once(socket, 'end')
  return hash.digest('hex')
}

const directions = transports.flatMap(from => transports.map(to => [from, to] as [Transport, Transport]))
const descriptors = () => readdirSync('/proc/self/fd').length

describe.each(directions)('64 MB of random bytes each way at once', (client, server) => {
  it.each(['TCP', 'a path'])(
    `[K4] [S2] arrive whole from ${client.name} to ${server.name} and back, over %s`,
    async kind => {
      const at = kind === 'TCP' ? { port: 0, host: '127.0.0.1' } : { path: temporaryPath() }
      const { dial, accepted } = await serve({ transport: server, allowHalfOpen: true }, at)
      const near = dial({ transport: client, allowHalfOpen: true })
      const [far] = await Promise.all([accepted(), once(near, 'connect')])
      const [sentNear, sentFar, gotNear, gotFar] = await Promise.all([
        pour(near),
        pour(far),
        hashOf(near),
        hashOf(far),
      ])
      expect(gotFar).toBe(sentNear)
      expect(gotNear).toBe(sentFar)
      // The bytes in flight, not those of the whole transfer.
      expect(near.writableLength + far.writableLength).toBe(0)
    },
  )
})

describe.each(transports)('many connections on the $name transport', transport => {
  it.skipIf(process.platform !== 'linux')('[S13] [S15] 8,000 of them stand idle, and all close', async () => {
    const before = descriptors()
    const server = createServer({ transport })
    server.on('connection', socket => socket.resume())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    // The clients are another process's, so that each process has one descriptor for each connection.
    const program = `
        const { connect } = require(${JSON.stringify(built)})
        let left = 8000
        const more = () => {
          const socket = connect(${port}, '127.0.0.1', () => {
            process.send('connected')
            if (left > 0) { left--; more() }
          }).on('error', () => {})
        }
        for (let i = 0; i < 100; i++) { left--; more() }
        process.on('disconnect', () => process.exit())`
    const child = spawn(process.execPath, ['-e', program], {
      env: { ...process.env, X_NET_TRANSPORT: transport.name },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    await new Promise<void>(resolve => {
      let connected = 0
      child.on('message', () => {
        if (++connected === 8000) resolve()
      })
    })
    while ((server.connections ?? 0) < 8000) await once(server, 'connection')
    expect(descriptors()).toBeGreaterThanOrEqual(before + 8000)
    server.close()
    // kill -9 of the peer: all of its connections end.
    child.kill('SIGKILL')
    await Promise.all([once(server, 'close'), once(child, 'exit')])
    expect(server.connections).toBe(0)
    expect(descriptors()).toBeLessThanOrEqual(before)
  })

  // Beneath the portable transport libuv accepts, and closes at once, what it has no descriptor for.
  it.skipIf(process.platform !== 'linux' || transport.name === 'portable')(
    '[S14] descriptors that run out cost a server nothing but time',
    async () => {
      // A process that may open few descriptors: the server in it takes what it can, and all the rest in the end.
      const program = `
        const { createServer } = require(${JSON.stringify(built)})
        let served = 0
        const server = createServer(socket => {
          socket.on('error', () => {})
          socket.once('data', () => socket.end('served', () => { if (++served === 100) process.exit() }))
        })
        server.on('error', () => {})
        server.listen(0, '127.0.0.1', () => console.log(server.address().port))`
      const child = spawn(
        '/bin/sh',
        ['-c', `ulimit -n 60; exec "$0" "$@"`, process.execPath, '-e', program],
        {
          env: { ...process.env, X_NET_TRANSPORT: transport.name },
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      )
      const [line] = await once(child.stdout, 'data')
      const port = Number(String(line))
      const answers = Array.from({ length: 100 }, async () => {
        const socket = connect({ port, host: '127.0.0.1', transport })
        socket.on('error', () => {})
        socket.write('hello')
        let answer = ''
        socket.on('data', data => {
          answer += data
        })
        await new Promise(resolve => socket.on('close', resolve))
        return answer
      })
      const all = await Promise.all(answers)
      expect(all.filter(answer => answer === 'served')).toHaveLength(100)
      child.kill()
    },
  )
})
