// Handles that travel between processes: servers, connections, pipes and files, acknowledged and not lost.
import { once } from 'node:events'
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type Socket as NodeSocket, connect as nodeConnect } from 'node:net'
import path from 'node:path'
import { createServer, type Server, type Socket } from '@x/core'
import { portable } from '@x/core/transport'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  adoptSocket,
  type Channel,
  createChannel,
  createDescriptor,
  type Descriptor,
  getHandleChannel,
  listen,
  type Sendable,
  sendHandle,
} from '../src/index'
import { Program } from './processes'
import { ability, temporaryFolder } from './wires'

const { transport, isAble, why } = ability('handoff', 'descriptors')

let folder = ''
let remove = () => {}
const servers: Server[] = []
const programs: Program[] = []
const channels: Channel[] = []

beforeEach(() => {
  ;({ folder, remove } = temporaryFolder())
})
afterEach(async () => {
  // Channels first: a program that others started ends with its channel, and only then do its pipes.
  for (const each of channels.splice(0)) await ended(each)
  for (const program of programs.splice(0)) await program.stop()
  for (const server of servers.splice(0)) if (server.listening) await closed(server)
  remove()
})

const at = (name = 's') => path.join(folder, name)

async function ended(channel: Channel): Promise<void> {
  const closed = once(channel, 'close')
  if (channel.isOpen) {
    channel.destroy()
    await closed
  }
}

async function closed(server: Server): Promise<void> {
  server.close()
  await once(server, 'close')
}

/** A process that receives handles, and our channel to it. */
async function receiver(...args: string[]): Promise<{ to: Channel; program: Program }> {
  const where = at(`control${programs.length}`)
  const server = await listen(where)
  servers.push(server)
  const program = new Program('receive.mjs', { args: [where, ...args] })
  programs.push(program)
  const [socket] = (await once(server, 'connection')) as [Socket]
  const to = getHandleChannel(socket)
  channels.push(to)
  expect(await program.line()).toBe('ready')
  return { to, program }
}

/** A TCP or local connection: the client's end, and the accepted one, paused. */
async function connection(where: number | string = 0): Promise<{ client: NodeSocket; accepted: Socket }> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true })
  servers.push(server)
  if (typeof where === 'number') server.listen(where, '127.0.0.1')
  else server.listen(where)
  await once(server, 'listening')
  const address = server.address()!
  const client =
    typeof address === 'string' ? nodeConnect(address) : nodeConnect(address.port, address.address)
  const [[accepted]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as [
    [Socket],
    unknown,
  ]
  server.close()
  return { client, accepted }
}

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += chunk
  return text
}

const isOpen = (fd: number) => {
  try {
    fstatSync(fd)
    return true
  } catch {
    return false
  }
}

describe.skipIf(!isAble)(`handles between processes${why}`, () => {
  it.each([
    ['a TCP connection', 0],
    ['a local connection', 'path'],
  ])('[I5] %s goes to another process, and is gone here', async (_name, where) => {
    const { to, program } = await receiver()
    const { client, accepted } = await connection(where === 0 ? 0 : at('there'))
    const gone = once(accepted, 'close')
    await sendHandle(to, 'answer', accepted)
    await gone
    client.end('hello')
    expect(await textOf(client)).toBe(`${program.process.pid} heard hello`)
  })

  it('[I5] a connection brings the bytes that were read and not consumed, before those that come', async () => {
    const { to, program } = await receiver()
    const { client, accepted } = await connection()
    client.write('one two ')
    await once(accepted, 'readable')
    client.write('three ')
    await sendHandle(to, 'answer', accepted)
    client.end('four')
    expect(await textOf(client)).toBe(`${program.process.pid} heard one two three four`)
  })

  it('[I5] what was written to a connection goes out before it is sent', async () => {
    const { to, program } = await receiver()
    const { client, accepted } = await connection()
    const bulk = 'x'.repeat(4_000_000)
    accepted.write(bulk)
    const sent = sendHandle(to, 'answer', accepted)
    client.end('hello')
    expect(await textOf(client)).toBe(`${bulk}${program.process.pid} heard hello`)
    await sent
  })

  it('[I5] a listening server goes to another process with its path, and nobody is refused', async () => {
    const { to, program } = await receiver()
    const server = await listen(at('service'))
    servers.push(server)
    await sendHandle(to, 'serve', server)
    expect(server.listening).toBe(false)
    for (let turn = 0; turn < 5; turn++) {
      expect(await textOf(nodeConnect(at('service')))).toBe(`served by ${program.process.pid}`)
    }
  })

  it('[I5] a server that is kept serves in both processes', async () => {
    const { to, program } = await receiver()
    const server = createServer(socket => socket.end('served here')).listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    await sendHandle(to, 'serve', server, { keep: true })
    const { port } = server.address() as { port: number }
    expect(server.listening).toBe(true)
    await program.stop('SIGKILL')
    expect(await textOf(nodeConnect(port, '127.0.0.1'))).toBe('served here')
  })

  it('[I5] a file, and both ends of a pipe', async () => {
    const { to, program } = await receiver()
    writeFileSync(at('file'), 'content')
    const file = openSync(at('file'), 'r')
    await sendHandle(to, 'read', file)
    expect(await program.line()).toBe('fd content')
    expect(isOpen(file)).toBe(false)

    const [near, far] = transport.descriptors!.socketPair() as [number, number]
    await sendHandle(to, 'write', far)
    const end = adoptSocket(await createDescriptor(near))
    expect(await textOf(end)).toBe(`from ${program.process.pid}`)

    const out = openSync(at('out'), 'w')
    await sendHandle(to, 'write', out, { keep: true })
    expect(isOpen(out)).toBe(true)
    closeSync(out)
    expect(readFileSync(at('out'), 'utf8')).toBe(`from ${program.process.pid}`)
  })

  it('[I5] several at once, and in batches of 253', async () => {
    const { to, program } = await receiver()
    const before = await openIn(program)
    const open = (count: number) => Array.from({ length: count }, () => openSync('/dev/null', 'r'))
    await sendHandle(to, 'keep', open(2))
    await Promise.all([1, 2, 3].map(() => sendHandle(to, 'keep', open(253))))
    expect(await openIn(program)).toBe(before + 2 + 3 * 253)
    program.tell('release')
    expect(await program.line()).toBe('released')
    expect(await openIn(program)).toBe(before)
    const tooMany = open(254)
    await expect(sendHandle(to, 'keep', tooMany)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
    for (const fd of tooMany) closeSync(fd)
  })

  it('[I5] order holds between messages with handles and without', async () => {
    const [near, far] = await channelPair()
    const seen: unknown[] = []
    for (let turn = 0; turn < 50; turn++) {
      void near.send({ turn })
      void near.send(
        { turn, handle: true },
        { handles: [await createDescriptor(openSync('/dev/null', 'r'))] },
      )
      void near.send(Buffer.alloc(5000))
    }
    for await (const { value, handles } of far) {
      for (const handle of handles) handle.close()
      if (!Buffer.isBuffer(value)) seen.push([(value as { turn: number }).turn, handles.length])
      if (seen.length === 100) break
    }
    expect(seen).toEqual(Array.from({ length: 100 }, (_, at) => [at >> 1, at & 1]))
  })

  it('[I5] go beside requests and replies', async () => {
    const [near, far] = await channelPair()
    far.serve(async (value, request) => {
      for (const handle of request.handles) handle.close()
      request.attach({ handles: [await createDescriptor(openSync('/dev/null', 'r'))] })
      return [value, request.handles.length]
    })
    const handles = [await createDescriptor(openSync('/dev/null', 'r'))]
    const reply = await near.request('swap', { handles })
    expect(reply.value).toEqual(['swap', 1])
    expect(reply.handles).toHaveLength(1)
    reply.handles[0]!.close()
    expect(handles[0]!.fd).toBe(-1)
  })
})

describe.skipIf(!isAble)(`handles that do not arrive${why}`, () => {
  it('[I5] come back where the receiver dies before it took them', async () => {
    const { to, program } = await receiver()
    const { client, accepted } = await connection()
    program.process.kill('SIGSTOP')
    const sending = sendHandle(to, 'answer', accepted)
    sending.catch(() => {})
    await new Promise(resolve => setImmediate(resolve))
    await program.stop('SIGKILL')
    const error = await sending.then(
      () => null,
      failure => failure,
    )
    expect(error).toMatchObject({ code: 'ERR_X_HANDLE_LOST', waiting: 1 })
    const other = await receiver()
    await sendHandle(other.to, 'answer', error.handles as Descriptor[])
    client.end('second try')
    expect(await textOf(client)).toBe(`${other.program.process.pid} heard second try`)
  })

  it('[I5] come back where the receiver has too many that wait', async () => {
    const { to, program } = await receiver('3')
    const open = (count: number) => Array.from({ length: count }, () => openSync('/dev/null', 'r'))
    await sendHandle(to, 'keep', open(3))
    const error = await sendHandle(to, 'keep', open(1)).catch(failure => failure)
    expect(error).toMatchObject({ code: 'ERR_X_HANDLE_REFUSED' })
    expect(error.reason).toMatch(/3 wait to be taken/)
    program.tell('release')
    await program.line()
    await sendHandle(to, 'keep', error.handles)
  })

  it('[I5] come back where the listener threw before it took them', async () => {
    const { to, program } = await receiver()
    const before = await openIn(program)
    const error = await sendHandle(to, 'throw', openSync('/dev/null', 'r')).catch(failure => failure)
    expect(error).toMatchObject({ code: 'ERR_X_HANDLE_REFUSED', reason: 'its listener threw' })
    expect(await program.line()).toBe('uncaught not taken')
    expect(await openIn(program)).toBe(before)
    await sendHandle(to, 'close', error.handles)
  })

  it('[I5] come back where the receiver has no room for more descriptors', async () => {
    const where = at('control')
    const server = await listen(where)
    servers.push(server)
    const program = new Program('limited.mjs', { args: [where] })
    programs.push(program)
    const [socket] = (await once(server, 'connection')) as [Socket]
    const to = getHandleChannel(socket)
    channels.push(to)
    expect(await program.line()).toBe('ready')
    const open = Array.from({ length: 100 }, () => openSync('/dev/null', 'r'))
    const error = await sendHandle(to, 'keep', open).catch(failure => failure)
    expect(error).toMatchObject({ code: 'ERR_X_HANDLE_REFUSED' })
    expect(error.reason).toMatch(/has no room for more open descriptors/)
    expect(error.handles).toHaveLength(100)
    await sendHandle(to, 'close', error.handles.slice(0, 1))
    for (const handle of error.handles as Descriptor[]) handle.close()
  })

  it('[I5] are closed where nobody took them before the channel ended', async () => {
    const before = readdirSync('/proc/self/fd').length
    const [near, far] = await channelPair()
    const sending = near.send('x', { handles: [await createDescriptor(openSync('/dev/null', 'r'))] })
    far.serve(() => 'here')
    await near.request('it is there')
    far.destroy()
    const error = await sending.catch(failure => failure)
    expect(error).toMatchObject({ code: 'ERR_X_HANDLE_LOST' })
    for (const handle of error.handles) handle.close()
    for (const each of channels.splice(0)) await ended(each)
    expect(readdirSync('/proc/self/fd').length).toBe(before)
  })

  it('[I5] are acknowledged by a listener that closes the channel', async () => {
    const [near, far] = await channelPair()
    far.on('handle', (_value, handle) => {
      handle.close()
      void far.close()
    })
    await near.send('x', { handles: [await createDescriptor(openSync('/dev/null', 'r'))] })
    await once(near, 'close')
  })

  it('[I5] close waits for their acknowledgement', async () => {
    const [near, far] = await channelPair()
    const sending = near.send('x', { handles: [await createDescriptor(openSync('/dev/null', 'r'))] })
    const closing = near.close()
    far.on('handle', (_value, handle) => handle.close())
    await sending
    await closing
  })

  it('[I5] are refused once given away, by an ended channel, and by a stream that carries none', async () => {
    const [near, far] = await channelPair()
    far.on('handle', (_value, handle) => handle.close())
    const handle = await createDescriptor(openSync('/dev/null', 'r'))
    await near.send('x', { handles: [handle] })
    expect(() => near.send('x', { handles: [handle] })).toThrowError(/given away/)
    await near.close()
    const other = await createDescriptor(openSync('/dev/null', 'r'))
    await expect(near.send('x', { handles: [other] })).rejects.toMatchObject({ handles: [other] })
    const { client, accepted } = await connection(at('plain'))
    const plain = createChannel(client)
    channels.push(plain)
    expect(() => plain.send('x', { handles: [other] })).toThrowError(
      expect.objectContaining({ code: 'ERR_X_UNSUPPORTED' }),
    )
    accepted.destroy()
    other.close()
  })
})

describe.skipIf(!isAble)(`arguments${why}`, () => {
  it('[I5] that are wrong reject', async () => {
    const [near] = await channelPair()
    const code = (name: string) => expect.objectContaining({ code: name })
    await expect(sendHandle(near, 1, {} as Sendable)).rejects.toEqual(code('ERR_INVALID_ARG_TYPE'))
    await expect(sendHandle(near, 1, -1)).rejects.toEqual(code('ERR_OUT_OF_RANGE'))
    await expect(sendHandle(near, 1, 99999)).rejects.toEqual(code('EBADF'))
    await expect(sendHandle(near, 1, createServer())).rejects.toEqual(code('ERR_SERVER_NOT_RUNNING'))
    const { client, accepted } = await connection()
    expect(() => createChannel(accepted, { handles: true })).toThrowError(code('ERR_INVALID_ARG_VALUE'))
    expect(() => createChannel(client, { handles: true })).toThrowError(code('ERR_INVALID_ARG_TYPE'))
    expect(() => createChannel(99999)).toThrowError(code('EBADF'))
    accepted.destroy()
    client.destroy()
  })
})

describe('the portable transport', () => {
  it('[I5] says that it has no descriptors', async () => {
    const server = await listen(at(), { transport: portable })
    servers.push(server)
    const client = nodeConnect(at())
    const [socket] = (await once(server, 'connection')) as [Socket]
    await expect(sendHandle(socket, 'x', 0)).rejects.toMatchObject({
      code: expect.stringMatching(/ERR_X_UNSUPPORTED|ERR_INVALID_ARG_VALUE/),
    })
    socket.destroy()
    client.destroy()
  })
})

async function channelPair(): Promise<[Channel, Channel]> {
  const [a, b] = transport.descriptors!.socketPair() as [number, number]
  const pair: [Channel, Channel] = [createChannel(a), createChannel(b)]
  channels.push(...pair)
  return pair
}

async function openIn(program: Program): Promise<number> {
  program.tell('fds')
  return Number(await program.line())
}
