// HTTP above sockets of `net` at both ends: ends and failures of either side, what sockets of requests tell.
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { agentOf, answerOf, get, raw, serving, withoutDate } from '../http-bed.mjs'
import { scene, textOf, turns } from '../scene.mjs'

scene('clients that leave', async stage => {
  const done = []
  const { port } = await serving(stage, (req, res) => {
    const events = ['aborted', 'close', 'error', 'end']
    stage.watch(`request ${req.url}`, req, ...events)
    stage.watch(`response ${req.url}`, res, 'close', 'finish', 'error')
    res.write('part')
    done.push(new Promise(resolve => res.on('close', resolve)))
  })
  for (const path of ['/a', '/b']) {
    const request = http.request({ port, host: '127.0.0.1', path, method: 'POST', agent: agentOf(stage) })
    stage.watch(`client ${path}`, request, 'error', 'close', 'abort')
    request.write('some')
    const [response] = await once(request, 'response')
    stage.watch(`client ${path}`, response, 'aborted', 'error', 'close', 'end')
    if (path === '/a') request.destroy()
    else response.destroy(new Error('mine'))
    await done.at(-1)
    await turns(3)
  }
})

scene('servers that leave', async stage => {
  const acts = {
    '/destroy': res => res.destroy(),
    '/socket': res => res.socket.destroy(),
    '/reset': res => res.socket.resetAndDestroy(),
    '/end': res => res.socket.end(),
    '/part': res => {
      res.writeHead(200, { 'content-length': 10 })
      res.write('abc', () => res.socket.destroy())
    },
    '/garbage': res => res.socket.end('nonsense\r\n\r\n'),
  }
  const { port } = await serving(stage, (req, res) => acts[req.url](res))
  for (const path of Object.keys(acts)) {
    const request = get(port, { path, agent: agentOf(stage, { keepAlive: true }) })
    stage.watch(path, request, 'error', 'close')
    request.on('response', response => {
      stage.watch(path, response, 'aborted', 'error', 'close', 'end')
      response.resume()
    })
    await new Promise(resolve => request.on('close', resolve))
    await turns(3)
  }
})

scene('bad requests', async stage => {
  const { server, port } = await serving(stage, (_req, res) => res.end())
  for (const text of [
    'nonsense\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: a\r\n\r\n',
    `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`,
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab',
  ])
    stage.log('client', withoutDate(await textOf(raw(stage, port, text, { end: true }))))
  server.on('clientError', (error, socket) => {
    stage.log('server', error.code, error.bytesParsed, error.rawPacket?.length, socket.writable)
    socket.end('HTTP/1.1 400 Mine\r\n\r\n')
  })
  stage.log('client', await textOf(raw(stage, port, 'nonsense\r\n\r\n')))
  const socket = raw(stage, port, 'GET / HTTP/1.1\r\nHo')
  await turns(5)
  socket.resetAndDestroy()
  await turns(10)
})

scene('a request whose client has ended', async stage => {
  const { port } = await serving(stage, async (req, res) => {
    const text = await textOf(req)
    await turns(5)
    res.end(`got ${text}`)
  })
  stage.log(
    'client',
    withoutDate(
      await textOf(
        raw(stage, port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc', { end: true }),
      ),
    ),
  )
})

scene('the most requests of a connection', async stage => {
  const { server, port } = await serving(stage, (_req, res) => res.end('x'))
  server.maxRequestsPerSocket = 2
  stage.watch('server', server, 'dropRequest')
  stage.log(
    'client',
    withoutDate(await textOf(raw(stage, port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3), { end: true }))),
  )
})

for (const size of [1000, 100_000, 20_000_000])
  scene(`a body there and back: ${size}`, async stage => {
    const { port } = await serving(stage, (req, res) => req.pipe(res))
    const request = http.request({ port, host: '127.0.0.1', method: 'POST', agent: agentOf(stage) })
    const chunk = Buffer.alloc(Math.min(size, 1_000_000), 'x')
    let drains = 0
    const answered = answerOf(request)
    for (let sent = 0; sent < size; sent += chunk.length)
      if (!request.write(chunk)) {
        drains++
        await once(request, 'drain')
      }
    request.end()
    const { text } = await answered
    stage.log('client', text.length, drains > 0)
  })

scene('sockets of requests', async stage => {
  const { port } = await serving(stage, (req, res) => {
    const { socket } = req
    stage.log(
      'server',
      socket.server?.constructor.name,
      socket.allowHalfOpen,
      socket.timeout,
      socket.remoteFamily,
      socket instanceof net.Socket,
      res.socket === socket,
      res.connection === socket,
    )
    stage.log(
      'server',
      socket.listenerCount('drain'),
      socket.listenerCount('close'),
      socket.listenerCount('error'),
      socket.listenerCount('end'),
      socket.listenerCount('timeout'),
    )
    res.write('a')
    stage.log(
      'server',
      res.writableLength > 0,
      res.writableNeedDrain,
      socket.writableCorked,
      res.writableCorked,
    )
    res.cork()
    res.write('b')
    process.nextTick(() => {
      res.uncork()
      res.end('c')
      stage.log('server', res.writableEnded, res.writableFinished, socket.writableLength >= 0)
    })
    res.on('finish', () => stage.log('server', 'finish', socket.bytesWritten))
  })
  const request = get(port, {
    agent: agentOf(stage, { keepAlive: true, keepAliveMsecs: 5000 }),
    noDelay: true,
  })
  stage.watch('client', request, 'socket', 'finish', 'close')
  request.on('socket', socket => stage.log('client', socket.connecting, socket instanceof net.Socket))
  request.setNoDelay(true)
  request.setSocketKeepAlive(true)
  request.setTimeout(100_000)
  stage.log('client', (await answerOf(request)).text)
  await turns(4)
  stage.log('client', request.socket?.destroyed, request.destroyed, request.socket?.timeout)
})

scene('an aborted signal', async stage => {
  const { port } = await serving(stage, () => {})
  const controller = new AbortController()
  const request = get(port, { agent: agentOf(stage), signal: controller.signal })
  stage.watch('client', request, 'close')
  setImmediate(() => controller.abort())
  stage.log('client', ...(await once(request, 'error')))
  await turns(2)
  const other = get(port, { agent: agentOf(stage) })
  other.on('error', error => stage.log('client', error))
  other.destroy()
  await new Promise(resolve => other.on('close', resolve))
})

scene('a refused connection', async stage => {
  const server = net.createServer()
  const port = await stage.listen(server)
  await new Promise(resolve => server.close(resolve))
  const agent = agentOf(stage, { keepAlive: true })
  for (let i = 0; i < 2; i++) {
    const request = http.request({ port, host: '127.0.0.1', method: 'POST', agent })
    request.write('x', error => stage.log('client', 'write', error))
    request.end(() => stage.log('client', 'end'))
    stage.watch('client', request, 'close')
    stage.log('client', ...(await once(request, 'error')))
    await turns(3)
  }
  stage.log('client', Object.keys(agent.sockets).length, agent.made)
})
