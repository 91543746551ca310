// Servers and clients of `net` in worker threads: between threads, with buffers that change hands, ended in the middle.
import { once } from 'node:events'
import net from 'node:net'
import { Worker } from 'node:worker_threads'
import { scene, textOf, turns } from '../scene.mjs'

/** A thread that runs this text. @param {import('../scene.mjs').Stage} stage @param {string} text @param {unknown} [data] */
function thread(stage, text, data) {
  const worker = new Worker(
    `const net = require('node:net'); const { parentPort, workerData } = require('node:worker_threads'); ${text}`,
    { eval: true, workerData: data },
  )
  worker.on('error', error => stage.log('thread', error))
  worker.exited = new Promise(resolve => worker.on('exit', (...args) => resolve(args)))
  stage.after(() => worker.terminate())
  return worker
}

const serves = `const server = net.createServer(socket => { socket.on('error', () => {}); socket.pipe(socket) })
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`

scene('a server in a thread', async stage => {
  const worker = thread(
    stage,
    `${serves} parentPort.on('message', () => server.close(() => process.exit(3)))`,
  )
  const [port] = await once(worker, 'message')
  const texts = await Promise.all(
    Array.from({ length: 20 }, (_, i) => {
      const client = net.connect(port, '127.0.0.1')
      client.end(String(i).repeat(10_000))
      return textOf(client)
    }),
  )
  stage.log('client', texts.map((text, i) => text === String(i).repeat(10_000)).every(Boolean))
  worker.postMessage('close')
  stage.log('thread', ...(await worker.exited))
})

scene('a thread that is terminated with connections', async stage => {
  const worker = thread(stage, serves)
  const [port] = await once(worker, 'message')
  const clients = Array.from({ length: 5 }, () => net.connect(port, '127.0.0.1'))
  await Promise.all(clients.map(client => once(client, 'connect')))
  for (const client of clients) {
    client.on('error', () => {})
    client.write(Buffer.alloc(300_000))
  }
  await once(clients[0], 'data')
  stage.log('thread', await worker.terminate())
  for (const client of clients) client.resume()
  // Some are reset: the thread had unread bytes of theirs.
  await Promise.all(
    clients.map(client => client.closed || new Promise(resolve => client.on('close', resolve))),
  )
  stage.log(
    'client',
    clients.every(client => client.destroyed),
  )
  const late = net.connect(port, '127.0.0.1')
  stage.log('client', ...(await once(late, 'error')))
})

scene('a thread that exits with data under way', async stage => {
  const server = net.createServer()
  const port = await stage.listen(server)
  const worker = thread(
    stage,
    `const client = net.connect(workerData, '127.0.0.1', () => { client.write('last words'); client.end(() => process.exit(0)) })`,
    port,
  )
  const [socket] = await once(server, 'connection')
  stage.log('server', await textOf(socket))
  stage.log('thread', ...(await worker.exited))
  const quick = thread(
    stage,
    `const client = net.connect(workerData, '127.0.0.1', () => { client.write('and more'); process.exit(4) })`,
    port,
  )
  const [other] = await once(server, 'connection')
  stage.log('server', await textOf(other))
  stage.log('thread', ...(await quick.exited))
})

scene('a thread that throws', async stage => {
  const server = net.createServer()
  const port = await stage.listen(server)
  const worker = thread(
    stage,
    `net.connect(workerData, '127.0.0.1', () => { throw new Error('mine') })`,
    port,
  )
  const [socket] = await once(server, 'connection')
  socket.resume()
  await worker.exited
  if (!socket.closed) await once(socket, 'close')
  stage.log('server', socket.readableEnded)
})

scene('buffers that change hands', async stage => {
  const server = net.createServer(socket => socket.end(Buffer.alloc(100_000, 'x')))
  const port = await stage.listen(server)
  const worker = thread(stage, `parentPort.on('message', bytes => parentPort.postMessage(bytes.length)); `)
  const client = net.connect(port, '127.0.0.1')
  let length = 0
  for await (const chunk of client) {
    const copy = new Uint8Array(chunk)
    worker.postMessage(copy, [copy.buffer])
    length += (await once(worker, 'message'))[0]
    stage.log('transfers', copy.length)
    break
  }
  stage.log('client', length > 0)
  const two = net.connect(port, '127.0.0.1')
  let sum = 0
  for await (const chunk of two) {
    worker.postMessage(chunk)
    sum += (await once(worker, 'message'))[0]
  }
  stage.log('client', sum)
})

scene('a thread without a reference, and idle ones', async stage => {
  const worker = thread(stage, `${serves} server.unref()`)
  await once(worker, 'message')
  stage.log('thread', ...(await worker.exited))
  const other = thread(
    stage,
    `const client = net.connect(1, '127.0.0.1'); client.on('error', error => parentPort.postMessage(error.code))`,
  )
  stage.log('thread', ...(await once(other, 'message')))
  stage.log('thread', ...(await other.exited))
  const starting = thread(stage, serves)
  stage.log('thread', await starting.terminate())
  await turns(3)
})

scene('threads and the event loop that is blocked', async stage => {
  const worker = thread(
    stage,
    `const server = net.createServer(socket => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30); socket.end('slow') })
    server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))`,
  )
  const [port] = await once(worker, 'message')
  const texts = await Promise.all(Array.from({ length: 5 }, () => textOf(net.connect(port, '127.0.0.1'))))
  stage.log('client', texts)
})
