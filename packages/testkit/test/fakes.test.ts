// Fakes for unit tests: a pair of sockets, a peer that a test plays, and an exchange that is recorded and played again.
import { once } from 'node:events'
import { connect, type Socket } from '@x/core'
import { describe, expect, it } from 'vitest'
import {
  memoryNetwork,
  type Recording,
  record,
  replay,
  ScriptError,
  ScriptedPeer,
  scriptedServer,
  socketPair,
} from '../src'
import { closed, dial, portOf, serve, textOf } from './classes'

async function scripted() {
  const server = await scriptedServer()
  const client = connect({ port: server.port, transport: server.transport })
  client.on('error', () => {})
  const peer = await server.accept()
  return { server, client, peer }
}

describe('socketPair', () => {
  it('[T2] gives two sockets that are connected at once', async () => {
    const [client, server] = socketPair()
    expect([client.remotePort, client.remoteAddress]).toEqual([server.localPort, '127.0.0.1'])
    server.end('hello')
    expect(await textOf(client)).toBe('hello')
  })

  it('[T2] has half-close and back-pressure; a reset with bytes unread is an end, as from libuv', async () => {
    const [client, server] = socketPair({ allowHalfOpen: true, capacityBytes: 1000 })
    client.end('question')
    const chunks: Buffer[] = []
    server.on('data', (chunk: Buffer) => chunks.push(chunk))
    await once(server, 'end')
    expect(Buffer.concat(chunks).toString()).toBe('question')
    expect(server.write(Buffer.alloc(100_000))).toBe(false)
    server.on('error', () => {})
    const ended = once(client, 'end')
    client.resume()
    server.resetAndDestroy()
    await ended
  })

  it('[T2] has resets', async () => {
    const [client, server] = socketPair()
    const failed = once(client, 'error')
    client.resume()
    server.resetAndDestroy()
    expect((await failed)[0]).toMatchObject({ code: 'ECONNRESET' })
  })
})

describe('scripted peer', () => {
  it('[T2] expects and sends, byte for byte, whatever the pieces', async () => {
    const { server, client, peer } = await scripted()
    const answer = once(client, 'data')
    client.write('PI')
    client.write('NG\r\nECHO 12\r\n')
    await peer.expect('PING\r\n')
    expect((await peer.expect(/ECHO \d+\r\n/)).toString()).toBe('ECHO 12\r\n')
    await peer.send('+PONG\r\n')
    expect(String((await answer)[0])).toBe('+PONG\r\n')
    client.end()
    await peer.expectEnd()
    await server.close()
  })

  it('[T2] shows where something else came', async () => {
    const { server, client, peer } = await scripted()
    client.write('GET / HTTP/1.1\r\nHost: b\r\n\r\n')
    const error = await peer.expect('GET / HTTP/1.1\r\nHost: a\r\n\r\n').catch(reason => reason)
    expect(error).toBeInstanceOf(ScriptError)
    expect(error.message).toBe(
      [
        'something else came: they part at byte 22:',
        '    GET / HTTP/1.1\\r\\n',
        '  - Host: a\\r\\n',
        '  - \\r\\n',
        '  + Host: b\\r\\n',
        '  + \\r\\n',
      ].join('\n'),
    )
    await server.close()
  })

  it('[T2] tells an end, a failure and silence apart', async () => {
    for (const [act, why, patienceMs] of [
      [(socket: Socket) => socket.end('PI'), 'the connection ended', undefined],
      [(socket: Socket) => socket.resetAndDestroy(), 'the connection failed', undefined],
      [(socket: Socket) => socket.write('PI'), 'nothing more came within 500 ms', 500],
    ] as const) {
      const [client, accepted] = socketPair()
      // What waits in vain is not to wait for long.
      const peer = new ScriptedPeer(accepted, patienceMs === undefined ? {} : { patienceMs })
      act(client)
      await expect(peer.expect('PING')).rejects.toThrow(why)
      client.destroy()
    }
  })

  it('[T2] closes and resets', async () => {
    const { server, client, peer } = await scripted()
    const failed = once(client, 'error')
    peer.reset()
    expect((await failed)[0]).toMatchObject({ code: 'ECONNRESET' })
    const other = connect({ port: server.port, transport: server.transport })
    const ended = once(other, 'end')
    const otherPeer = await server.accept()
    otherPeer.close()
    other.resume()
    await ended
    await server.close()
  })
})

describe('recorder and replay', () => {
  /** A client that asks twice. */
  async function ask(socket: Socket, first: string): Promise<string[]> {
    const answers: string[] = []
    for (const line of [first, 'bye\n']) {
      socket.write(line)
      answers.push(String((await once(socket, 'data'))[0]))
    }
    socket.end()
    socket.resume()
    await once(socket, 'close')
    return answers
  }

  async function recorded(): Promise<Recording> {
    const transport = memoryNetwork()
    const real = await serve(
      socket => socket.on('data', (data: Buffer) => socket.write(`you said ${data}`)),
      undefined,
      transport,
    )
    const recorder = await record({ upstream: { port: portOf(real), host: '127.0.0.1' }, transport })
    const client = await dial({ port: recorder.port, host: '127.0.0.1' }, transport)
    expect(await ask(client, 'hello\n')).toEqual(['you said hello\n', 'you said bye\n'])
    const recording = recorder.recording()
    await recorder.close()
    await closed(real)
    return recording
  }

  it('[T2] records who said what in which order, as plain JSON', async () => {
    expect(await recorded()).toEqual({
      connections: [
        [
          { from: 'client', text: 'hello\n' },
          { from: 'server', text: 'you said hello\n' },
          { from: 'client', text: 'bye\n' },
          { from: 'server', text: 'you said bye\n' },
          { from: 'client', end: true },
          { from: 'server', end: true },
        ],
      ],
    })
  })

  it('[T2] plays the server of a recording, and tells a client that says something else', async () => {
    const recording = JSON.parse(JSON.stringify(await recorded())) as Recording
    const same = await replay(recording)
    const client = await dial({ port: same.port, host: '127.0.0.1' }, same.transport)
    expect(await ask(client, 'hello\n')).toEqual(['you said hello\n', 'you said bye\n'])
    await same.finished
    await same.close()

    const other = await replay(recording)
    const stranger = await dial({ port: other.port, host: '127.0.0.1' }, other.transport)
    const failed = once(stranger, 'error')
    stranger.write('hullo\n')
    expect((await failed)[0]).toMatchObject({ code: 'ECONNRESET' })
    await expect(other.finished).rejects.toThrow('- hello\\n')
    await other.close()
  })
})
