// HTTP/2 above sockets of `net` at both ends, bare and over TLS: streams, flow control, ends of streams and of sessions.
import { once } from 'node:events'
import http2 from 'node:http2'
import net from 'node:net'
import tls from 'node:tls'
import { scene, textOf, turns } from '../scene.mjs'
import { cert, key } from '../tls-bed.mjs'

/** @param {import('../scene.mjs').Stage} stage */
async function serving(stage, options = {}) {
  const server = options.key ? http2.createSecureServer(options) : http2.createServer(options)
  /** @type {net.Socket[]} */
  const sockets = []
  const front = net.createServer({ noDelay: true }, socket => {
    sockets.push(socket)
    socket.on('error', () => {})
    server.emit('connection', socket)
  })
  const port = await stage.listen(front)
  server.on('session', session => session.on('error', error => stage.log('server session', error)))
  stage.after(() => {
    for (const socket of sockets) socket.destroy()
  })
  return { server, port, sockets }
}

function dial(stage, port, options = {}) {
  const createConnection = () => {
    // Node's HTTP/2 sets it on sockets of its own alone.
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
    return options.ca
      ? tls.connect({ socket, servername: 'localhost', ALPNProtocols: ['h2'], ...options })
      : socket
  }
  const session = http2.connect('http://localhost', { createConnection, ...options })
  session.on('error', error => stage.log('client session', error))
  stage.after(() => session.destroy())
  return session
}

for (const name of ['bare', 'TLS'])
  scene(`many streams: ${name}`, async stage => {
    const { server, port } = await serving(stage, name === 'TLS' ? { key, cert } : {})
    server.on('stream', async (stream, headers) => {
      stream.respond({ ':status': 200, 'x-path': headers[':path'] })
      stream.pipe(stream)
    })
    const session = dial(stage, port, name === 'TLS' ? { ca: cert } : {})
    stage.watch('client', session, 'close', 'remoteSettings')
    const texts = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const stream = session.request({ ':method': 'POST', ':path': `/${i}` })
        stream.end('x'.repeat(i * 500))
        const all = textOf(stream)
        const [headers] = await once(stream, 'response')
        return [headers['x-path'] === `/${i}`, (await all).length === i * 500]
      }),
    )
    stage.log(
      'client',
      texts.flat().every(Boolean),
      session.alpnProtocol,
      session.encrypted,
      session.type,
      session.closed,
    )
    // Of a session over a bare socket that is not Node's own, Node knows no addresses.
    if (name === 'TLS')
      stage.log(
        'client',
        session.socket.remoteAddress,
        session.socket.remotePort === port,
        session.originSet?.length,
      )
    session.close()
    await once(session, 'close')
  })

scene('flow control', async stage => {
  const { server, port } = await serving(stage)
  let sent = 0
  server.on('stream', async stream => {
    stream.respond({ ':status': 200 })
    const chunk = Buffer.alloc(100_000, 'x')
    for (let i = 0; i < 50; i++) {
      if (!stream.write(chunk)) await once(stream, 'drain')
      sent += chunk.length
    }
    stream.end()
  })
  const session = dial(stage, port)
  const stream = session.request({})
  await once(stream, 'response')
  stream.pause()
  await turns(50)
  stage.log('client', sent < 2_000_000)
  const other = session.request({ ':path': '/other' })
  other.resume()
  await turns(10)
  stage.log('client', (await textOf(stream)).length, session.state.localWindowSize > 0)
})

scene('resets of streams', async stage => {
  const { server, port } = await serving(stage)
  /** @type {Promise<unknown>[]} */
  const closed = []
  server.on('stream', (stream, headers) => {
    const path = headers[':path']
    closed.push(new Promise(resolve => stream.on('close', resolve)))
    stage.watch(`server ${path}`, stream, 'aborted', 'error', 'close', 'end')
    stream.on('close', () => stage.log(`server ${path}`, stream.rstCode))
    if (path === '/server') stream.close(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM)
    else if (path === '/destroy') stream.destroy(new Error('mine'))
    else stream.respond({ ':status': 200 })
  })
  const session = dial(stage, port)
  for (const path of ['/server', '/destroy', '/client']) {
    const stream = session.request({ ':path': path, ':method': 'POST' })
    stage.watch(path, stream, 'aborted', 'error', 'end', 'close')
    stream.on('error', () => {})
    stream.write('abc')
    if (path === '/client') stream.on('response', () => stream.close(http2.constants.NGHTTP2_CANCEL))
    stream.resume()
    await new Promise(resolve => stream.on('close', resolve))
    stage.log(path, stream.rstCode)
    await closed.at(-1)
  }
})

for (const way of ['goaway', 'close', 'destroy', 'destroy with error', 'socket'])
  scene(`a server ends its session: ${way}`, async stage => {
    const { server, port, sockets } = await serving(stage)
    server.on('stream', stream => {
      stage.watch('server stream', stream, 'aborted', 'error', 'close')
      stream.respond({ ':status': 200 })
      stream.write('part', () => {
        const { session } = stream
        if (way === 'goaway') session.goaway(http2.constants.NGHTTP2_NO_ERROR, 0, Buffer.from('data'))
        if (way === 'close') session.close(() => stage.log('server session', 'closed'))
        if (way === 'destroy') session.destroy()
        if (way === 'destroy with error') session.destroy(new Error('mine'), 2)
        if (way === 'socket') sockets[0].destroy()
        if (way === 'goaway' || way === 'close') setImmediate(() => stream.end('rest'))
      })
    })
    server.on('session', session => stage.watch('server session', session, 'close'))
    const session = dial(stage, port)
    stage.watch('client session', session, 'close')
    session.once('goaway', code => stage.log('goaway', code))
    const stream = session.request({})
    stage.watch('client stream', stream, 'aborted', 'error', 'end', 'close')
    stream.on('data', data => stage.log('client stream', data))
    await new Promise(resolve => stream.on('close', resolve))
    stage.log('client session', session.destroyed, session.closed)
    session.close()
    if (way === 'goaway') session.destroy()
    else if (!session.destroyed) await once(session, 'close')
    await turns(5)
  })

scene('pings, settings, pushes, trailers', async stage => {
  const { server, port } = await serving(stage)
  server.on('session', session => {
    stage.watch('server', session, 'localSettings', 'remoteSettings', 'ping')
  })
  server.on('stream', stream => {
    stream.pushStream({ ':path': '/pushed' }, (error, pushed) => {
      stage.log('server', error, pushed.pushAllowed)
      pushed.respond({ ':status': 200 })
      pushed.end('pushed')
    })
    stream.respond({ ':status': 200 }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-t': 'v' }))
    stream.additionalHeaders
    stream.end('body')
  })
  const session = dial(stage, port)
  session.on('stream', (pushed, headers) =>
    pushed.on('data', data => stage.log('pushed', headers[':path'], data)),
  )
  await once(session, 'connect')
  stage.log(
    'client',
    await new Promise(resolve =>
      session.ping(Buffer.from('12345678'), (error, _ms, data) => resolve(`${error} ${data}`)),
    ),
  )
  await new Promise(resolve => session.settings({ initialWindowSize: 100_000 }, resolve))
  stage.log('client', session.localSettings.initialWindowSize, session.pendingSettingsAck)
  const stream = session.request({})
  stream.on('trailers', trailers => stage.log('trailers', trailers['x-t']))
  stage.log('client', await textOf(stream))
  await turns(5)
  session.setTimeout(20)
  await once(session, 'timeout')
  stage.log('client', 'timeout', session.ref(), session.unref(), session.ref())
})

scene('clients that are none', async stage => {
  const { server, port } = await serving(stage)
  stage.watch('server', server, 'sessionError', 'unknownProtocol')
  for (const text of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '']) {
    const client = net.connect(port, '127.0.0.1')
    client.on('error', error => stage.log('client', error))
    let length = 0
    client.on('data', data => {
      length += data.length
    })
    client.end(text)
    await new Promise(resolve => client.on('close', resolve))
    stage.log('client', length)
    await turns(3)
  }
})

scene('servers that are none', async stage => {
  for (const act of [s => s.end('HTTP/1.1 400 Bad\r\n\r\n'), s => s.destroy(), s => s.resetAndDestroy()]) {
    const server = net.createServer(socket => {
      socket.on('error', () => {})
      socket.once('data', () => act(socket))
    })
    const session = dial(stage, await stage.listen(server))
    const stream = session.request({})
    stage.watch('client', stream, 'error', 'close')
    stage.watch('client session', session, 'close')
    await new Promise(resolve => session.on('close', resolve))
    await turns(3)
  }
})

scene('HTTP/1.1 beside it, and the compatible interface', async stage => {
  const { server, port } = await serving(stage, { key, cert, allowHTTP1: true })
  server.on('request', async (req, res) => {
    stage.log(
      'server',
      req.httpVersion,
      req.socket.remoteAddress,
      req.socket.encrypted,
      req.socket.alpnProtocol,
      typeof req.stream?.session,
    )
    res.setHeader('x-a', 'b')
    res.end(`got ${await textOf(req)}`)
  })
  const session = dial(stage, port, { ca: cert })
  const stream = session.request({ ':method': 'POST' })
  stream.end('two')
  stage.log('client', await textOf(stream))
  const one = tls.connect({
    socket: net.connect(port, '127.0.0.1'),
    ca: cert,
    servername: 'localhost',
    ALPNProtocols: ['http/1.1'],
  })
  one.end('POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\none')
  stage.log('client', (await textOf(one)).replace(/Date: .*\r\n/, ''))
})

scene('large bodies both ways', async stage => {
  const { server, port } = await serving(stage)
  server.on('stream', stream => {
    stream.respond()
    stream.pipe(stream)
  })
  const session = dial(stage, port)
  const stream = session.request({ ':method': 'POST' })
  for (let i = 0; i < 10; i++) stream.write(Buffer.alloc(250_000, i))
  stream.end()
  let sum = 0
  for await (const chunk of stream) for (const byte of chunk) sum += byte
  stage.log('client', sum)
})
