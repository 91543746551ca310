// HTTP above sockets of `net` at both ends: kept connections, pipelines, tunnels, limits of time, bodies.
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { agentOf, answerOf, get, raw, serving, withoutDate } from '../http-bed.mjs'
import { scene, textOf, turns } from '../scene.mjs'

scene('an agent keeps connections', async stage => {
  const { port } = await serving(stage, (req, res) => res.end(`${req.url} ${req.socket.remoteAddress}`))
  const agent = agentOf(stage, { keepAlive: true })
  for (const event of ['free']) agent.on(event, () => stage.log('agent', event))
  for (let i = 0; i < 3; i++) {
    const { status, text, reused } = await answerOf(get(port, { agent, path: `/${i}` }))
    stage.log('client', status, text, reused, agent.made)
    await turns(3)
    stage.log('client', Object.keys(agent.sockets).length, Object.values(agent.freeSockets).flat().length)
  }
  const [free] = Object.values(agent.freeSockets).flat()
  stage.log('client', free.listenerCount('error') > 0, free.timeout, free.destroyed)
  free.destroy()
  await once(free, 'close')
  const { reused } = await answerOf(get(port, { agent }))
  stage.log('client', reused, agent.made)
})

scene('no more sockets than an agent may have', async stage => {
  let open = 0
  let most = 0
  const { port } = await serving(stage, (_req, res) => {
    most = Math.max(most, ++open)
    setImmediate(() => {
      open--
      res.end('x')
    })
  })
  for (const keepAlive of [true, false]) {
    const agent = agentOf(stage, { keepAlive, maxSockets: 2, maxFreeSockets: 1, scheduling: 'lifo' })
    const all = await Promise.all(Array.from({ length: 10 }, () => answerOf(get(port, { agent }))))
    await turns(5)
    stage.log(
      'client',
      all.length,
      most <= 2,
      agent.made,
      all.filter(({ reused }) => reused).length,
      Object.values(agent.freeSockets).flat().length,
    )
  }
})

scene('requests one behind the other in one write', async stage => {
  const { port } = await serving(stage, async (req, res) => {
    if (req.url === '/0') await turns(3)
    stage.log('server', req.url)
    res.end(`body of ${req.url}`)
  })
  const text = Array.from(
    { length: 5 },
    (_, i) => `GET /${i} HTTP/1.1\r\nHost: x\r\n${i === 4 ? 'Connection: close\r\n' : ''}\r\n`,
  ).join('')
  stage.log('client', withoutDate(await textOf(raw(stage, port, text))))
})

scene('many pipelined requests of a client that does not read', async stage => {
  const { port } = await serving(stage, (_req, res) => res.end(Buffer.alloc(50_000, 'x')))
  const socket = raw(
    stage,
    port,
    `${'GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(200)}GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
  )
  await turns(20)
  stage.log('client', (await textOf(socket)).length)
})

scene('upgrades', async stage => {
  const { server, port } = await serving(stage, (_req, res) => res.end())
  server.on('upgrade', (req, socket, head) => {
    stage.log('server', req.headers.upgrade, head, socket.listenerCount('data'))
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nfirst')
    socket.pipe(socket)
  })
  const request = get(port, { headers: { connection: 'Upgrade', upgrade: 'x' }, agent: agentOf(stage) })
  const [response, socket, head] = await once(request, 'upgrade')
  stage.log('client', response.statusCode, head, socket.readableFlowing)
  socket.end('second')
  stage.log('client', await textOf(socket))
  stage.log(
    'client',
    withoutDate(
      await textOf(
        raw(stage, port, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nmore', {
          end: true,
        }),
      ),
    ),
  )
})

scene('tunnels', async stage => {
  const target = net.createServer(socket => socket.end('from the target'))
  const there = await stage.listen(target)
  const { server, port } = await serving(stage, (_req, res) => res.end())
  server.on('connect', (req, socket, head) => {
    stage.log('server', req.method, req.url === `127.0.0.1:${there}`, head)
    const other = net.connect(there, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      other.pipe(socket)
      socket.pipe(other)
    })
    other.on('error', error => stage.log('server', error))
    socket.on('error', error => stage.log('server', error))
  })
  const request = http
    .request({
      port,
      host: '127.0.0.1',
      method: 'CONNECT',
      path: `127.0.0.1:${there}`,
      agent: agentOf(stage),
    })
    .end()
  const [response, socket, head] = await once(request, 'connect')
  stage.log('client', response.statusCode, head.length + (await textOf(socket)).length)
  const refused = http
    .request({
      port: await (await serving(stage, () => {})).port,
      host: '127.0.0.1',
      method: 'CONNECT',
      path: 'x:1',
      agent: agentOf(stage),
    })
    .end()
  const [error] = await once(refused, 'error')
  stage.log('client', error)
})

scene('expectations', async stage => {
  const { server, port } = await serving(stage, async (req, res) => res.end(await textOf(req)))
  const ask = headers => {
    const request = http.request({ port, host: '127.0.0.1', method: 'POST', headers, agent: agentOf(stage) })
    request.on('continue', () => {
      stage.log('client', 'continue')
      request.end('the body')
    })
    request.on('information', ({ statusCode }) => stage.log('client', statusCode))
    request.flushHeaders()
    return request
  }
  stage.log('client', (await answerOf(ask({ expect: '100-continue' }))).text)
  server.once('checkContinue', (_req, res) => {
    res.writeProcessing()
    res.writeHead(417).end('no')
  })
  const refused = ask({ expect: '100-continue' })
  const { status, text } = await answerOf(refused)
  refused.destroy()
  stage.log('client', status, text)
  server.once('checkExpectation', (_req, res) => res.writeHead(400).end('odd'))
  const odd = ask({ expect: 'more' })
  odd.end()
  stage.log('client', (await answerOf(odd)).text)
})

scene('bodies, trailers, heads and hints', async stage => {
  const { port } = await serving(stage, async (req, res) => {
    if (req.url === '/hints') res.writeEarlyHints({ link: '</a>; rel=preload' })
    if (req.url === '/none') return res.writeHead(204).end()
    if (req.method === 'HEAD') return res.writeHead(200, { 'content-length': 5 }).end()
    res.setHeader('Trailer', 'x-sum')
    const text = await textOf(req)
    res.write(text.slice(0, 10))
    res.addTrailers({ 'x-sum': String(text.length), ...req.trailers })
    res.end(text.slice(10), () => stage.log('server', req.url, 'sent', req.complete))
  })
  const agent = agentOf(stage, { keepAlive: true })
  for (const [path, method, body] of [
    ['/a', 'POST', 'x'.repeat(100_000)],
    ['/hints', 'POST', 'y'],
    ['/none', 'GET', ''],
    ['/head', 'HEAD', ''],
  ]) {
    const request = http.request({
      port,
      host: '127.0.0.1',
      method,
      path,
      agent,
      headers: { 'transfer-encoding': 'chunked' },
    })
    request.on('information', ({ statusCode }) => stage.log('client', statusCode))
    request.write(body.slice(0, 5))
    request.addTrailers({ 'x-mine': 'z' })
    request.end(body.slice(5))
    const { status, text, response, reused } = await answerOf(request)
    stage.log('client', path, status, text.length, response.trailers, reused)
  }
})

for (const [name, options, text] of [
  ['heads', { headersTimeout: 40, connectionsCheckingInterval: 10 }, 'GET / HTTP/1.1\r\nHost:'],
  [
    'requests',
    { requestTimeout: 40, headersTimeout: 30, connectionsCheckingInterval: 10 },
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc',
  ],
  ['nothing sent', { headersTimeout: 40, connectionsCheckingInterval: 10 }, ''],
])
  scene(`limits of time: ${name}`, async stage => {
    const { server, port } = await serving(stage, req => stage.log('server', req.url), options)
    // It looks after its connections from then on.
    await stage.listen(server)
    stage.watch('server', server, 'timeout')
    const socket = raw(stage, port, text)
    stage.watch('client', socket, 'end', 'close')
    stage.log('client', await textOf(socket))
  })

scene('times of idleness', async stage => {
  const { server, port } = await serving(
    stage,
    (req, res) => {
      if (req.url === '/own') res.setTimeout(30, () => res.end('late'))
      else if (req.url === '/kept') res.end('kept')
    },
    { keepAliveTimeout: 40, keepAliveTimeoutBuffer: 0 },
  )
  server.setTimeout(60)
  stage.log('client', (await answerOf(get(port, { path: '/own', agent: agentOf(stage) }))).text)
  const request = get(port, { path: '/never', agent: agentOf(stage) })
  stage.log('client', ...(await once(request, 'error')))
  const kept = raw(stage, port, 'GET /kept HTTP/1.1\r\nHost: x\r\n\r\n')
  stage.log('client', withoutDate(await textOf(kept)))
  const slow = get(port, { path: '/never', agent: agentOf(stage), timeout: 20 })
  slow.on('timeout', () => {
    stage.log('client', 'timeout')
    slow.destroy()
  })
  stage.log('client', ...(await once(slow, 'error')))
})

scene('closing a server', async stage => {
  const held = []
  const { server, port, sockets } = await serving(stage, (req, res) => {
    if (req.url === '/held') held.push(res)
    else res.end('x')
  })
  await stage.listen(server)
  const agent = agentOf(stage, { keepAlive: true })
  await answerOf(get(port, { agent }))
  const waiting = get(port, { agent: agentOf(stage, { keepAlive: true }), path: '/held' })
  const answered = answerOf(waiting)
  await once(waiting, 'socket')
  while (held.length === 0) await turns(1)
  const idle = Object.values(agent.freeSockets).flat()[0]
  const gone = once(idle, 'close')
  server.closeIdleConnections()
  await gone
  stage.log('client', 'idle closed', sockets.filter(one => !one.destroyed).length)
  held[0].end('held')
  stage.log('client', (await answered).text)
  const third = get(port, { agent: agentOf(stage), path: '/held' })
  while (held.length === 1) await turns(1)
  server.closeAllConnections()
  stage.log('client', ...(await once(third, 'error')))
})
