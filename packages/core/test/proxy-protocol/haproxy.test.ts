// Headers by a real HAProxy, and headers of ours that it reads.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { freePort } from '@x/presets/free-port'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BlockList, connect, type Socket } from '../../src'
import { serve, temporaryPath, transports } from '../bed'

const hasHaproxy = spawnSync('haproxy', ['-v']).status === 0

const trusted = new BlockList()
trusted.addAddress('127.0.0.1')

/** Runs HAProxy with one front and one server behind; resolved with the front's port once it accepts. */
async function haproxy(behind: number, bind: string, server: string): Promise<number> {
  const port = await freePort()
  const file = temporaryPath('haproxy.cfg')
  writeFileSync(
    file,
    `global
defaults
  mode tcp
  timeout connect 5s
  timeout client 30s
  timeout server 30s
listen front
  bind 127.0.0.1:${port} ${bind}
  unique-id-format %[uuid]
  server behind 127.0.0.1:${behind} ${server}
`,
  )
  const process = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore', cwd: path.dirname(file) })
  const gone = once(process, 'exit')
  onTestFinished(async () => {
    process.kill('SIGKILL')
    await gone
  })
  return port
}

/** Connects as soon as somebody listens. */
async function dialOnceUp(port: number, options: object = {}): Promise<Socket> {
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1', ...options })
    onTestFinished(() => void socket.destroy())
    const outcome = await new Promise(resolve => {
      socket.once('connect', () => resolve('connected'))
      socket.on('error', resolve)
    })
    if (outcome === 'connected') return socket
  }
}

describe.skipIf(!hasHaproxy).each(transports)('HAProxy and a server on the $name transport', transport => {
  it.each([
    ['send-proxy', { version: 1, protocol: 'tcp4' }],
    ['send-proxy-v2', { version: 2, protocol: 'tcp4', hasChecksum: false }],
    [
      'send-proxy-v2 proxy-v2-options crc32c,unique-id',
      { version: 2, hasChecksum: true, uniqueId: expect.any(Buffer) },
    ],
  ])('[E3] %s tells the client', async (how, expected) => {
    const { port, accepted } = await serve({ transport, proxyProtocol: { trusted } })
    const front = await haproxy(port, '', how)
    const taken = accepted()
    const client = await dialOnceUp(front, { localAddress: '127.0.0.5' })
    client.write('hello')
    const socket = await taken
    expect(socket.proxied).toMatchObject({
      ...expected,
      source: { address: '127.0.0.5', port: client.localPort },
      destination: { address: '127.0.0.1', port: front },
    })
    expect(socket.remoteAddress).toBe('127.0.0.5')
    const [data] = await once(socket, 'data')
    expect(String(data)).toBe('hello')
    socket.write('answer')
    expect(String((await once(client, 'data'))[0])).toBe('answer')
  })

  it.each([1, 2] as const)('[E3] reads a header of ours of version %i', async version => {
    const { port, accepted } = await serve({ transport, proxyProtocol: { trusted } })
    const front = await haproxy(port, 'accept-proxy', 'send-proxy-v2')
    const taken = accepted()
    const more = version === 2 ? { checksum: true, authority: 'example.org', alpn: 'h2' } : {}
    await dialOnceUp(front, {
      transport,
      proxyHeader: {
        version,
        source: { address: '2001:db8::7', port: 4000 },
        destination: { address: '2001:db8::1', port: 443 },
        ...more,
      },
    })
    expect(await taken).toMatchObject({ remoteAddress: '2001:db8::7', remotePort: 4000, localPort: 443 })
  })

  it('[E3] keeps its health checks, which speak for the proxy, apart from clients', async () => {
    const { port, server } = await serve({ transport, proxyProtocol: { trusted } })
    // HAProxy resets the connection of a check.
    server.on('connection', socket => socket.on('error', () => {}))
    const checked = once(server, 'connection') as Promise<[Socket]>
    await haproxy(port, '', 'send-proxy-v2 check inter 50ms')
    const [socket] = await checked
    expect(socket.proxied).toMatchObject({ command: 'local' })
    expect(socket.remoteAddress).toBe('127.0.0.1')
  })
})
