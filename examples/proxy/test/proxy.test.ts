// Real connections through the proxy, between programs on node:net.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, it, onTestFinished } from 'vitest'
import { startProxy } from '../start-proxy.mjs'

async function upstream(listener: (socket: net.Socket) => void) {
  const server = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  server.on('connection', socket => listener(socket.on('error', () => {}))) // a test may end it by a reset
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return { host: '127.0.0.1', port: (server.address() as net.AddressInfo).port }
}

/** A port on which nobody listens. */
async function refusing() {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  return { host: '127.0.0.1', port }
}

async function proxyTo(...upstreams: { host: string; port: number }[]) {
  const proxy = await startProxy({ port: 0, upstreams })
  onTestFinished(async () => {
    proxy.abort()
    await proxy.close()
  })
  const dial = () =>
    net.connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {})
  return { proxy, dial }
}

/** Reads all, a chunk in each turn of the loop, then answers. A loop over the socket would destroy it at its end. */
function answerAtEnd(socket: net.Socket, answer: (all: Buffer) => string) {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    socket.pause()
    setImmediate(() => socket.resume())
  })
  socket.on('end', () => socket.end(answer(Buffer.concat(chunks))))
}

it('asks the upstreams in turn, and skips one that refuses', async () => {
  const a = await upstream(socket => socket.end('a'))
  const b = await upstream(socket => socket.end('b'))
  const { dial } = await proxyTo(a, await refusing(), b)
  const answers = []
  for (let asked = 0; asked < 3; asked++) {
    const socket = dial()
    answers.push(await text(socket))
    socket.end()
  }
  expect(answers).toEqual(['a', 'b', 'b'])
})

it('resets a client where no upstream takes it', async () => {
  const { dial } = await proxyTo(await refusing())
  const socket = dial()
  const [error] = await once(socket, 'error')
  expect(error.code).toBe('ECONNRESET')
})

it('passes the end of one direction on while the other one goes on', async () => {
  const { dial } = await proxyTo(await upstream(socket => answerAtEnd(socket, bytes => `you said ${bytes}`)))
  const socket = dial()
  socket.end('all of it')
  expect(await text(socket)).toBe('you said all of it')
})

it('passes a reset on', async () => {
  const { dial } = await proxyTo(
    await upstream(socket => void socket.once('data', () => socket.resetAndDestroy())),
  )
  const socket = dial()
  socket.write('x')
  const [error] = await once(socket, 'error')
  expect(error.code).toBe('ECONNRESET')
})

it('loses nothing of a long transfer between a fast writer and a slow reader', async () => {
  const total = 32 << 20
  const { dial } = await proxyTo(await upstream(socket => answerAtEnd(socket, bytes => String(bytes.length))))
  const socket = dial()
  socket.end(Buffer.alloc(total, 'x'))
  expect(await text(socket)).toBe(String(total))
})

it('resets both sides where it is told to end at once', async () => {
  let accept = (_: net.Socket) => {}
  const accepted = new Promise<net.Socket>(resolve => {
    accept = resolve
  })
  const { proxy, dial } = await proxyTo(await upstream(socket => accept(socket)))
  const ends = [dial(), await accepted].map(socket => once(socket.resume(), 'error'))
  proxy.abort()
  expect((await Promise.all(ends)).map(([error]) => error.code)).toEqual(['ECONNRESET', 'ECONNRESET'])
})

it('runs as a program, and closes once its connections have ended', async () => {
  const place = await upstream(socket => void socket.pipe(socket))
  const program = spawn(process.execPath, ['proxy.mjs', '0', `${place.host}:${place.port}`], {
    cwd: path.resolve(import.meta.dirname, '..'),
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  onTestFinished(() => void program.kill('SIGKILL'))
  const exit = once(program, 'exit')
  let printed = ''
  const says = async (pattern: RegExp) => {
    while (!pattern.test(printed)) printed += String((await once(program.stdout, 'data'))[0])
    return pattern.exec(printed)!
  }
  const port = Number((await says(/port (\d+) leads to/))[1])
  const socket = net.connect(port, '127.0.0.1')
  socket.write('hello')
  await once(socket, 'data')
  program.kill('SIGTERM')
  await says(/waiting for 1 connections/)
  socket.write('still there')
  expect(String((await once(socket, 'data'))[0])).toBe('still there')
  socket.end()
  expect(await exit).toEqual([0, null])
})
