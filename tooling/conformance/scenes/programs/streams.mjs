// Sockets of `net` with all that Node does to streams: pipelines, composition, web streams, iterators, lines, a REPL.
import { EventEmitter, on, once } from 'node:events'
import net from 'node:net'
import readline from 'node:readline'
import { createInterface } from 'node:readline/promises'
import repl from 'node:repl'
import {
  addAbortSignal,
  compose,
  Duplex,
  finished,
  PassThrough,
  pipeline,
  Readable,
  Transform,
  Writable,
} from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import * as promised from 'node:stream/promises'
import { TransformStream } from 'node:stream/web'
import { createGunzip, createGzip } from 'node:zlib'
import { deferred, scene, textOf, turns } from '../scene.mjs'

/** A client and the accepted socket. @param {import('../scene.mjs').Stage} stage */
async function pair(stage, options = {}, where = /** @type {any[]} */ ([])) {
  const server = net.createServer(options)
  const port = await stage.listen(server, ...where)
  const client = net.connect(
    port === undefined ? { path: where[0], ...options } : { port, host: '127.0.0.1', ...options },
  )
  const [socket] = await once(server, 'connection')
  if (client.connecting) await once(client, 'connect')
  stage.after(() => {
    client.destroy()
    socket.destroy()
  })
  return { server, client, socket }
}

const big = Buffer.alloc(2_000_000, 'abcdefg')

scene('pipeline of sockets', async stage => {
  const { client, socket } = await pair(stage)
  const echo = promised.pipeline(
    socket,
    new Transform({ transform: (chunk, _, done) => done(null, String(chunk).toUpperCase()) }),
    socket,
  )
  const sent = promised.pipeline(Readable.from(['a', 'b', 'c']), client, { end: true })
  stage.log('client', await textOf(client))
  await sent
  await echo
  stage.log('server', socket.destroyed, client.destroyed)
})

for (const way of ['destroy', 'reset', 'end'])
  scene(`pipeline to a peer that leaves: ${way}`, async stage => {
    const { client, socket } = await pair(stage)
    const source = new Readable({
      read() {
        this.push(Buffer.alloc(50_000))
      },
    })
    pipeline(source, client, error => {
      stage.log(
        'client',
        ['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE'].includes(error?.code),
        source.destroyed,
        client.destroyed,
      )
      over.resolve()
    })
    const over = deferred()
    await once(socket, 'data')
    if (way === 'destroy') socket.destroy()
    else if (way === 'reset') socket.resetAndDestroy()
    else socket.end()
    if (way === 'end') socket.destroySoon()
    await over.promise
  })

scene('pipeline through compression', async stage => {
  const { client, socket } = await pair(stage)
  const got = promised.pipeline(socket, createGunzip(), async source => {
    let length = 0
    for await (const chunk of source) length += chunk.length
    stage.log('server', length)
  })
  await promised.pipeline(Readable.from([big, big]), createGzip(), client)
  await got
})

for (const way of ['end', 'destroy', 'error', 'reset by the peer'])
  scene(`finished: ${way}`, async stage => {
    const { client, socket } = await pair(stage)
    finished(client, error => stage.log('client', error))
    finished(client, { readable: false }, error => stage.log('client writable', error))
    finished(client, { writable: false }, error => stage.log('client readable', error))
    const stop = finished(socket, error => stage.log('server', error))
    client.resume()
    socket.resume()
    socket.on('error', () => {})
    client.on('error', () => {})
    if (way === 'end') client.end('x')
    if (way === 'destroy') client.destroy()
    if (way === 'error') client.destroy(new Error('mine'))
    if (way === 'reset by the peer') socket.resetAndDestroy()
    await new Promise(resolve => client.on('close', resolve))
    await turns(3)
    if (!socket.closed) await once(socket, 'close')
    stop()
    finished(client, error => stage.log('late', error))
    await turns(3)
  })

scene('compose and from', async stage => {
  const { client, socket } = await pair(stage)
  socket.pipe(socket)
  const composed = compose(
    new PassThrough(),
    client,
    new Transform({ transform: (chunk, _, done) => done(null, `<${chunk}>`) }),
  )
  composed.end('hello')
  stage.log('client', await textOf(composed))
  const two = await pair(stage)
  two.socket.pipe(two.socket)
  const from = Duplex.from({ readable: two.client, writable: two.client })
  from.end('there')
  stage.log('client', await textOf(from))
})

scene('web streams', async stage => {
  const { client, socket } = await pair(stage)
  const { readable, writable } = Duplex.toWeb(socket)
  const echo = readable.pipeThrough(new TransformStream()).pipeTo(writable)
  client.write(big)
  client.end()
  stage.log('client', (await buffer(client)).equals(big))
  await echo.catch(error => stage.log('client', error))
  const two = await pair(stage)
  const writer = Writable.toWeb(two.client).getWriter()
  await writer.write(Buffer.from('abc'))
  const closed = writer.close()
  stage.log('server', await new Response(Readable.toWeb(two.socket)).text())
  await closed
  const three = await pair(stage)
  const reader = Readable.toWeb(three.client).getReader()
  three.socket.write('first')
  stage.log('client', Buffer.from((await reader.read()).value))
  await reader.cancel(new Error('no more'))
  await turns(5)
  stage.log('client', three.client.destroyed)
  const four = await pair(stage)
  const failing = Readable.toWeb(four.client).getReader()
  four.socket.resetAndDestroy()
  stage.log('client', await failing.read().catch(error => error))
  const back = Duplex.fromWeb(Duplex.toWeb((await pair(stage)).client))
  stage.log('client', back.writable, back.readable)
})

scene('iterators', async stage => {
  const { client, socket } = await pair(stage)
  socket.write('a')
  for await (const chunk of client) {
    stage.log('client', chunk)
    if (String(chunk) === 'a') socket.write('b')
    else break
  }
  stage.log('client', client.destroyed)
  const two = await pair(stage)
  two.socket.end('abc')
  for await (const chunk of two.client.iterator({ destroyOnReturn: false })) {
    stage.log('client', chunk)
    break
  }
  stage.log('client', two.client.destroyed)
  const three = await pair(stage)
  three.socket.end('1234567890')
  stage.log(
    'client',
    await three.client
      .flatMap(chunk => [...String(chunk)])
      .filter(digit => digit > '5')
      .map(digit => digit * 2)
      .toArray(),
  )
  const four = await pair(stage)
  setImmediate(() => four.socket.resetAndDestroy())
  try {
    for await (const chunk of four.client) stage.log('client', chunk)
  } catch (error) {
    stage.log('client', error)
  }
  const five = await pair(stage)
  const controller = new AbortController()
  setImmediate(() => controller.abort())
  stage.log('client', await textOf(addAbortSignal(controller.signal, five.client)).catch(error => error))
})

scene('events as promises and iterators', async stage => {
  const { client, socket, server } = await pair(stage)
  const controller = new AbortController()
  setTimeout(() => socket.end('x'), 1)
  for await (const [chunk] of on(client, 'data', { close: ['end'] })) stage.log('client', chunk)
  setImmediate(() => controller.abort())
  stage.log('server', await once(server, 'connection', { signal: controller.signal }).catch(error => error))
  const refused = net.connect({ path: '/nowhere/at/all' })
  stage.log('client', await once(refused, 'connect').catch(error => error))
  const captured = new net.Socket({ captureRejections: true })
  captured.on('x', async () => {
    throw new Error('rejected')
  })
  captured.on('error', error => stage.log('client', error))
  captured.emit('x')
  await turns(2)
  stage.log(
    'client',
    captured.destroyed,
    client instanceof EventEmitter,
    EventEmitter.getEventListeners?.(client, 'end').length >= 0,
  )
  const listed = new net.Socket()
  stage.log(
    'client',
    listed.eventNames(),
    new net.Server().eventNames(),
    listed.getMaxListeners(),
    net.Socket.prototype[Symbol.asyncDispose]?.name,
  )
})

scene('lines', async stage => {
  const { client, socket } = await pair(stage)
  const lines = readline.createInterface({ input: client, crlfDelay: Infinity })
  socket.write('one\r\ntwo\nth')
  setImmediate(() => socket.end('ree\nlast'))
  for await (const line of lines) stage.log('client', line)
  const two = await pair(stage)
  const asking = createInterface({ input: two.client, output: two.client })
  two.socket.on('data', data => {
    stage.log('server', data)
    two.socket.write('blue\n')
  })
  stage.log('client', await asking.question('which? '))
  asking.close()
  stage.log('client', two.client.isPaused(), two.client.destroyed)
})

scene('a REPL', async stage => {
  const server = net.createServer(socket => {
    const shell = repl.start({ prompt: '> ', input: socket, output: socket, terminal: false })
    shell.on('exit', () => socket.end())
    shell.context.socket = socket
  })
  const port = await stage.listen(server)
  const client = net.connect(port, '127.0.0.1')
  client.write(
    '1 + 1\nlet a = [1,\n2]\na.map(x => x * 2)\nthrow new Error("x")\nsocket.remoteAddress\n.exit\n',
  )
  stage.log('client', (await textOf(client)).replace(/at .*\n/g, ''))
})

scene('decoding', async stage => {
  const { client, socket } = await pair(stage)
  client.setEncoding('utf8')
  const bytes = Buffer.from('añ€😀b')
  for (const byte of bytes) {
    socket.write(Buffer.from([byte]))
    await turns(1)
  }
  socket.end()
  stage.log('client', await textOf(client))
  const two = await pair(stage)
  two.socket.end(Buffer.from('abcdefgh'))
  two.client.setEncoding('base64')
  stage.log('client', await textOf(two.client))
  const three = await pair(stage)
  three.socket.end('hello')
  stage.log('client', await text(three.client))
})

scene('read, unshift, pause and wrap', async stage => {
  const { client, socket } = await pair(stage)
  socket.write('0123456789')
  await once(client, 'readable')
  stage.log('client', client.read(3), client.readableLength)
  client.unshift(Buffer.from('xy'))
  stage.log('client', client.read(4), client.read(100), client.read())
  const old = new Readable().wrap(client)
  socket.end('rest')
  stage.log('client', await textOf(old))
  const two = await pair(stage)
  two.socket.end('to nobody')
  await turns(5)
  stage.log('client', two.client.readableEnded, two.client.readableLength > 0, two.client.readableFlowing)
  two.client.resume()
  await once(two.client, 'close')
  stage.log('client', two.client.readableEnded, two.client.readableDidRead, two.client.readableAborted)
  stage.log('client', Readable.isDisturbed(two.client), typeof Duplex.from, two.client.writableAborted)
})

scene('pipes, and their ends', async stage => {
  const one = await pair(stage)
  const two = await pair(stage)
  const events = []
  for (const event of ['pipe', 'unpipe']) two.client.on(event, () => events.push(event))
  one.client.pipe(two.client)
  one.socket.write('abc')
  stage.log('server', ...(await once(two.socket, 'data')))
  one.client.unpipe(two.client)
  one.client.pipe(two.client, { end: false })
  one.socket.end(big)
  let length = 0
  const all = deferred()
  two.socket.on('data', chunk => {
    length += chunk.length
    if (length === big.length) all.resolve()
  })
  await all.promise
  await turns(5)
  stage.log('server', length, two.client.writable, events)
})
