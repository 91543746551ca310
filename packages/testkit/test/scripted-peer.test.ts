// The scripted peer and recordings at their edges: everything that waits settles, and resets are recorded and replayed.
import { once } from 'node:events'
import { connect, createServer } from '@x/core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  memoryNetwork,
  record,
  replay,
  ScriptError,
  ScriptedPeer,
  type ScriptedServer,
  scriptedServer,
  socketPair,
} from '../src'

const dial = (server: ScriptedServer) => {
  const socket = connect({ port: server.port, transport: server.transport })
  socket.on('error', () => {})
  return socket
}

/** The message with which something rejects, or `resolved`. */
const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => 'resolved',
    (error: Error) => `${error.name}: ${error.message.split('\n')[0]}`,
  )

describe('scripted peer', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('[T2] gives each of several callers of accept a connection, in order', async () => {
    await using server = await scriptedServer()
    const accepting = [server.accept(), server.accept(), server.accept()]
    for (const text of ['one', 'two', 'three']) {
      const socket = dial(server)
      await once(socket, 'connect')
      socket.write(text)
    }
    const peers = await Promise.all(accepting)
    await peers[0]!.expect('one')
    await peers[1]!.expect('two')
    await peers[2]!.expect('three')
  })

  it('[T2] meets several expectations at once, one after the other', async () => {
    await using server = await scriptedServer()
    const socket = dial(server)
    const peer = await server.accept()
    const all = [peer.expect('ab'), peer.expect(/c+/), peer.expectEnd()]
    socket.end('abccc')
    expect(String((await Promise.all(all))[1])).toBe('ccc')
  })

  it('[T2] all that waits settles when the server closes, and what is asked later', async () => {
    const server = await scriptedServer()
    const socket = dial(server)
    const peer = await server.accept()
    const waiting = [server.accept(), server.accept(), peer.expect('x'), peer.expect('y'), peer.expectReset()]
    const outcomes = waiting.map(outcome)
    await server.close()
    expect(await Promise.all(outcomes)).toEqual([
      'ScriptError: expected a client, but the server was closed',
      'ScriptError: expected a client, but the server was closed',
      'ScriptError: the connection ended: they part at byte 0:',
      'ScriptError: the connection ended: they part at byte 0:',
      'ScriptError: expected a reset, but the connection ended',
    ])
    expect(await outcome(server.accept())).toBe('ScriptError: expected a client, but the server is closed')
    expect(await outcome(peer.expect('x'))).toContain('the connection ended')
    await server.close()
    socket.destroy()
  })

  it('[T2] accept has patience, also under fake timers', async () => {
    vi.useFakeTimers()
    await using server = await scriptedServer({ patienceMs: 20 })
    expect(await outcome(server.accept())).toBe('ScriptError: expected a client, but none came within 20 ms')
    const [client, accepted] = socketPair()
    const peer = new ScriptedPeer(accepted, { patienceMs: 20 })
    expect(await outcome(peer.expect('x'))).toContain('nothing more came within 20 ms')
    client.destroy()
  })

  it('[T2] an expectation that is not met shows the line that asked for it', async () => {
    await using server = await scriptedServer({ patienceMs: 20 })
    // Who waits for a connection with so little patience may wait in vain on a busy machine.
    const [client, accepted] = socketPair()
    client.write('PONG')
    const peer = new ScriptedPeer(accepted, { patienceMs: 20 })
    for (const asked of [
      () => peer.expect('PING'),
      () => peer.expect(/Q/),
      () => peer.expectEnd(),
      () => server.accept(),
    ]) {
      const error = await asked().then(
        () => null,
        (reason: ScriptError) => reason,
      )
      expect(error).toBeInstanceOf(ScriptError)
      expect(error?.stack?.split('\n').find(line => /^ +at /.test(line))).toContain('scripted-peer.test.ts')
      expect(error?.stack).toContain(error?.message)
    }
    client.destroy()
  })

  it('[T2] a reset is no end, and an end no reset', async () => {
    await using server = await scriptedServer()
    const [first, second] = [dial(server), dial(server)]
    const peers = [await server.accept(), await server.accept()] as const
    first.resetAndDestroy()
    second.destroy()
    expect(await outcome(peers[0].expectEnd())).toContain('the connection failed (read ECONNRESET)')
    expect(await outcome(peers[1].expectReset())).toContain('the connection ended')
    expect(new ScriptError('x').name).toBe('ScriptError')
  })
})

describe('recordings', () => {
  it('[T2] have resets of both sides, and replay them', async () => {
    const transport = memoryNetwork()
    const server = createServer({ transport }, socket => {
      socket.on('error', () => {})
      socket.once('data', data => {
        if (String(data) === 'bye') socket.resetAndDestroy()
        else socket.write('welcome')
      })
    }).listen(80)
    await using recorder = await record({ upstream: { port: 80 }, transport })
    const play = async (port: number, network: typeof transport) => {
      const first = connect({ port, transport: network })
      first.write('bye')
      const [error] = await once(first, 'error')
      const second = connect({ port, transport: network })
      second.write('hello')
      await once(second, 'data')
      second.resetAndDestroy()
      await once(second, 'close')
      return error.code
    }
    expect(await play(recorder.port, transport)).toBe('ECONNRESET')
    while (recorder.recording().connections[1]?.length !== 3) await new Promise(setImmediate)
    const recording = recorder.recording()
    expect(recording.connections).toEqual([
      [
        { from: 'client', text: 'bye' },
        { from: 'server', reset: true },
      ],
      [
        { from: 'client', text: 'hello' },
        { from: 'server', text: 'welcome' },
        { from: 'client', reset: true },
      ],
    ])
    server.close()
    await using again = await replay(JSON.parse(JSON.stringify(recording)))
    expect(await play(again.port, again.transport as typeof transport)).toBe('ECONNRESET')
    await again.finished
  })

  it('[T2] a replay whose clients do not come, or leave, settles', async () => {
    const recording = { connections: [[{ from: 'client', text: 'hello' } as const]] }
    const again = await replay(recording)
    const finished = outcome(again.finished)
    await again.close()
    expect(await finished).toContain('the server was closed')
  })
})
