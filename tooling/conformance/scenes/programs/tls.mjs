// TLS above sockets of `net`: handshakes, sessions, certificates, ends, back-pressure and failures.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { Duplex } from 'node:stream'
import tls from 'node:tls'
import { deferred, scene, textOf, turns } from '../scene.mjs'

const read = (/** @type {string} */ name) =>
  readFileSync(new URL(`../../../../packages/core/test/interop/${name}`, import.meta.url))
const [key, cert] = [read('key.pem'), read('cert.pem')]
const ofSocket = [
  'secureConnect',
  'secure',
  'session',
  'OCSPResponse',
  'end',
  'finish',
  'error',
  'close',
  'timeout',
  'connect',
  'ready',
]

/** A TLS server behind a server of `net`. */
async function secured(stage, options = {}, front = {}) {
  const secure = tls.createServer({ key, cert, ...options })
  const raws = []
  const server = net.createServer(front, socket => {
    raws.push(socket)
    socket.on('error', () => {})
    secure.emit('connection', socket)
  })
  const port = await stage.listen(server)
  stage.after(() => {
    for (const one of raws) one.destroy()
  })
  return { secure, server, port, raws }
}

function dial(stage, port, options = {}, raw = {}) {
  const socket = net.connect({ port, host: '127.0.0.1', ...raw })
  const client = tls.connect({ socket, ca: cert, servername: 'localhost', ...options })
  stage.after(() => client.destroy())
  return client
}

scene('what both ends tell', async stage => {
  const { secure, port } = await secured(stage, { ALPNProtocols: ['a', 'b'] })
  const accepted = once(secure, 'secureConnection')
  const client = dial(stage, port, { ALPNProtocols: ['b'] })
  stage.watch('client', client, ...ofSocket.filter(e => e !== 'session'))
  const [socket] = await accepted
  await Promise.all([client.authorized || once(client, 'secureConnect')])
  for (const [who, one, other] of [
    ['client', client, socket],
    ['server', socket, client],
  ]) {
    stage.log(
      who,
      one.encrypted,
      one.authorized,
      one.authorizationError,
      one.alpnProtocol,
      one.servername,
      one.getProtocol(),
      one.getCipher().name,
    )
    stage.log(
      who,
      one.remoteAddress,
      one.remoteFamily,
      one.localAddress,
      one.localPort === other.remotePort,
      one.remotePort === other.localPort,
      Object.keys(one.address()),
    )
    stage.log(
      who,
      one.getPeerCertificate().subject,
      Object.keys(one.getPeerCertificate(true)).length,
      one.getPeerX509Certificate()?.subject,
      one.getX509Certificate()?.subject,
    )
    stage.log(
      who,
      one.getEphemeralKeyInfo(),
      one.getFinished()?.length,
      one.getPeerFinished()?.length,
      one.isSessionReused(),
      one.getTLSTicket()?.length,
    )
    stage.log(
      who,
      one.readyState,
      one.pending,
      one.connecting,
      one.destroyed,
      one.timeout,
      one.bytesRead,
      one.allowHalfOpen,
      one instanceof net.Socket,
      one instanceof tls.TLSSocket,
    )
    stage.log(
      who,
      one.exportKeyingMaterial(10, 'label').length,
      one.bufferSize,
      one.writableHighWaterMark,
      one.readableHighWaterMark,
      one.getSharedSigalgs().length > 0,
    )
  }
  socket.end('bye')
  stage.log('client', await textOf(client))
  await turns(5)
  stage.log('client', client.bytesRead, client.readyState)
})

scene('names by SNI', async stage => {
  const context = tls.createSecureContext({ key, cert })
  const { secure, port } = await secured(stage, {
    SNICallback: (name, done) => {
      stage.log('server', 'asked', name)
      setImmediate(() =>
        name === 'bad' ? done(new Error('bad name')) : done(null, name === 'localhost' ? context : undefined),
      )
    },
  })
  stage.watch('server', secure, 'tlsClientError')
  secure.on('secureConnection', socket => {
    stage.log('server', socket.servername)
    socket.on('error', error => stage.log('server', error))
    socket.end(socket.servername)
  })
  secure.addContext('other', { key, cert })
  for (const servername of ['localhost', 'other', 'bad']) {
    const client = dial(stage, port, { servername, checkServerIdentity: () => undefined })
    stage.watch('client', client, 'error', 'close')
    client.on('data', data => stage.log('client', data))
    await once(client, 'close').catch(() => {})
  }
})

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'])
  scene(`a session is used again: ${maxVersion}`, async stage => {
    const { secure, port } = await secured(stage, { maxVersion })
    secure.on('secureConnection', socket => {
      stage.log('server', socket.isSessionReused())
      socket.on('error', error => stage.log('server', error))
      socket.end('hello')
    })
    let session
    for (let i = 0; i < 3; i++) {
      const client = dial(stage, port, { session })
      client.on('session', given => (session = given))
      client.on('secureConnect', () => stage.log('client', client.isSessionReused(), client.getProtocol()))
      stage.log('client', await textOf(client))
    }
  })

for (const requireIt of [true, false])
  scene(`certificates of clients: ${requireIt}`, async stage => {
    const { secure, port } = await secured(stage, {
      requestCert: true,
      rejectUnauthorized: requireIt,
      ca: cert,
    })
    stage.watch('server', secure, 'tlsClientError')
    secure.on('secureConnection', socket => {
      stage.log(
        'server',
        socket.authorized,
        String(socket.authorizationError),
        socket.getPeerCertificate()?.subject?.CN,
      )
      socket.on('error', error => stage.log('server', error))
      socket.end('in')
    })
    for (const options of [{ key, cert }, {}]) {
      const client = dial(stage, port, options)
      stage.watch('client', client, 'secureConnect', 'error', 'close')
      client.on('data', data => stage.log('client', data))
      await once(client, 'close').catch(() => {})
      await turns(5)
    }
  })

for (const [name, options] of [
  ['no ca', { ca: undefined }],
  ['another name', { servername: 'elsewhere.test' }],
  ['no common version', { maxVersion: 'TLSv1.2' }],
  ['no common protocol', { ALPNProtocols: ['nothing'] }],
  ['no check', { ca: undefined, rejectUnauthorized: false }],
])
  scene(`a handshake: ${name}`, async stage => {
    const { secure, port } = await secured(stage, { minVersion: 'TLSv1.3', ALPNProtocols: ['h'] })
    stage.watch('server', secure, 'tlsClientError', 'secureConnection')
    secure.on('secureConnection', socket => {
      stage.watch('accepted', socket, 'error', 'close', 'end')
      socket.resume()
    })
    const client = dial(stage, port, options)
    stage.watch('client', client, ...ofSocket.filter(e => e !== 'session'))
    client.on('secureConnect', () => {
      stage.log('client', client.authorized, String(client.authorizationError))
      client.end()
    })
    client.on('error', () => {})
    client.resume()
    await once(client, 'close').catch(() => once(client, 'close'))
    await turns(10)
  })

scene('a client that talks no TLS', async stage => {
  const { secure, port } = await secured(stage)
  secure.on('tlsClientError', (error, socket) =>
    stage.log('server', error, socket.remoteAddress, socket.destroyed),
  )
  for (const text of ['GET / HTTP/1.1\r\n\r\n', '', '\x16\x03\x01\x00\x05abc']) {
    const client = net.connect(port, '127.0.0.1')
    stage.watch('client', client, 'end', 'error', 'close')
    client.on('data', data => stage.log('client', data.length))
    client.end(text)
    await once(client, 'close').catch(() => {})
    await turns(5)
  }
})

scene('a server that talks no TLS', async stage => {
  for (const act of [s => s.end('hello'), s => s.destroy(), s => s.resetAndDestroy(), s => s.end()]) {
    const server = net.createServer(socket => {
      socket.on('error', () => {})
      socket.once('data', () => act(socket))
    })
    const port = await stage.listen(server)
    const client = dial(stage, port)
    stage.watch('client', client, ...ofSocket)
    await new Promise(resolve => client.on('close', resolve))
  }
})

scene('a connection that is refused', async stage => {
  const server = net.createServer()
  const port = await stage.listen(server)
  await new Promise(resolve => server.close(resolve))
  const raw = net.connect(port, '127.0.0.1')
  stage.watch('raw', raw, 'error', 'close')
  const client = tls.connect({ socket: raw, ca: cert })
  stage.watch('client', client, ...ofSocket)
  client.write('x', error => stage.log('client', 'write', error))
  await new Promise(resolve => client.on('close', resolve))
})

for (const allowHalfOpen of [true, false])
  scene(`an end of one side: ${allowHalfOpen}`, async stage => {
    const { secure, port } = await secured(stage, { allowHalfOpen }, { allowHalfOpen })
    const served = deferred()
    secure.on('secureConnection', async socket => {
      stage.watch('server', socket, 'end', 'finish', 'close', 'error')
      socket.on('data', data => stage.log('server', data))
      await once(socket, 'end')
      await turns(3)
      stage.log('server', socket.writable, socket.readyState)
      if (socket.writable) socket.end('late', () => served.resolve())
      else served.resolve()
    })
    const client = dial(stage, port, { allowHalfOpen }, { allowHalfOpen })
    stage.watch('client', client, 'secureConnect', 'end', 'finish', 'close', 'error')
    client.on('data', data => stage.log('client', data))
    client.end('all')
    await new Promise(resolve => client.on('close', resolve))
    await served.promise
    await turns(5)
  })

scene('writes before and in the handshake, their callbacks', async stage => {
  const { secure, port } = await secured(stage)
  secure.on('secureConnection', socket => socket.pipe(socket))
  const client = dial(stage, port)
  client.setEncoding('utf8')
  for (const [i, one] of ['a', Buffer.from('b'), 'é', 'ff'].entries())
    stage.log(
      'client',
      client.write(one, i === 3 ? 'hex' : undefined, error => stage.log('client', 'callback', i, error)),
    )
  stage.log('client', client.writableLength, client.bytesWritten, client.connecting)
  client.cork()
  client.write('c')
  client.on('secureConnect', () => {
    stage.log('client', 'secureConnect')
    client.write('d', () => stage.log('client', 'callback d'))
    client.uncork()
    client.end('e', () => stage.log('client', 'callback end'))
  })
  stage.log('echo', await textOf(client))
  stage.log('client', client.bytesWritten, client.bytesRead)
})

for (const size of [20_000, 3_000_000])
  scene(`a reader that stops: ${size}`, async stage => {
    const { secure, port } = await secured(stage)
    const accepted = once(secure, 'secureConnection')
    const client = dial(stage, port)
    const [socket] = await accepted
    socket.pause()
    let count = 0
    let isFull = false
    while (count < 20 && !isFull) {
      isFull = !client.write(Buffer.alloc(size, count))
      count++
    }
    stage.log('client', isFull, client.writableNeedDrain)
    client.on('drain', () => stage.log('drain', 'came'))
    let read = 0
    let sum = 0
    socket.on('data', chunk => {
      read += chunk.length
      for (const byte of chunk) sum += byte
    })
    socket.resume()
    client.end()
    await once(socket, 'end')
    stage.log('server', read, sum)
  })

// To destroy a socket below TLS is told in another way by each version of Node.
for (const way of ['destroy', 'destroySoon', 'end'])
  for (const side of ['client', 'raw of client', 'server'])
    if (side !== 'raw of client' || way === 'end' || way === 'destroySoon')
      scene(`${way} of the ${side} in the middle`, async stage => {
        const { secure, port } = await secured(stage)
        const accepted = once(secure, 'secureConnection')
        const raw = net.connect(port, '127.0.0.1')
        const client = tls.connect({ socket: raw, ca: cert, servername: 'localhost' })
        stage.after(() => client.destroy())
        stage.watch('client', client, 'end', 'error', 'close')
        const [socket] = await accepted
        stage.watch('server', socket, 'end', 'error', 'close')
        socket.on('data', () => {})
        if (side === 'server') {
          for (let i = 0; i < 10; i++) client.write(Buffer.alloc(1000), () => {})
          client.resume()
        } else {
          socket.write(Buffer.alloc(100_000))
          client.once('data', () => {})
        }
        await once(side === 'server' ? socket : client, 'data')
        const one = { client, 'raw of client': raw, server: socket }[side]
        if (typeof one[way] === 'function')
          try {
            one[way]()
          } catch (error) {
            stage.log('scene', error)
          }
        stage.log('scene', one.destroyed)
        client.resume()
        await Promise.all(
          [client, socket].map(each => each.closed || new Promise(resolve => each.on('close', resolve))),
        )
        await turns(3)
        stage.log('scene', raw.destroyed, client.destroyed, socket.destroyed)
      })

scene('from plain to TLS, with readers', async stage => {
  const server = net.createServer(socket => {
    socket.on('error', error => stage.log('server', error))
    socket.write('220 hi\r\n')
    socket.once('data', data => {
      stage.log('server', data)
      socket.write('220 go\r\n')
      const secure = new tls.TLSSocket(socket, { isServer: true, key, cert })
      secure.on('secure', () => stage.log('server', 'secure', secure.getProtocol()))
      secure.on('data', text => {
        stage.log('server', text)
        secure.end('bye')
      })
    })
  })
  const port = await stage.listen(server)
  const raw = net.connect(port, '127.0.0.1')
  await once(raw, 'data')
  raw.write('STARTTLS\r\n')
  await once(raw, 'data')
  const client = tls.connect({ socket: raw, ca: cert, servername: 'localhost' })
  stage.watch('client', client, 'secureConnect', 'end', 'close', 'error')
  client.write('hello')
  stage.log('client', await textOf(client))
  await turns(5)
  stage.log('client', raw.destroyed, raw.readableEnded)
})

scene('TLS in TLS', async stage => {
  const { secure, port } = await secured(stage)
  secure.on('secureConnection', socket => {
    const inner = new tls.TLSSocket(socket, { isServer: true, key, cert })
    inner.on('error', error => stage.log('server', error))
    inner.on('data', text => inner.end(`${text}!`))
  })
  const outer = dial(stage, port)
  await once(outer, 'secureConnect')
  const inner = tls.connect({ socket: outer, ca: cert, servername: 'localhost' })
  stage.watch('client', inner, 'secureConnect', 'end', 'close', 'error')
  inner.write('x'.repeat(50_000))
  stage.log('client', (await textOf(inner)).length)
})

scene('TLS over a stream that carries to a socket', async stage => {
  const { secure, port } = await secured(stage)
  secure.on('secureConnection', socket => socket.end('hello'))
  const raw = net.connect(port, '127.0.0.1')
  const carrier = Duplex.from({ readable: raw, writable: raw })
  const client = tls.connect({ socket: carrier, ca: cert, servername: 'localhost' })
  stage.watch('client', client, 'secureConnect', 'end', 'error')
  stage.log('client', await textOf(client))
})

scene('timeouts', async stage => {
  const { secure, port } = await secured(stage)
  secure.on('secureConnection', socket => {
    socket.setTimeout(30, () => {
      stage.log('server', 'timeout', socket.timeout)
      socket.end('late')
    })
    socket.on('error', () => {})
  })
  const client = dial(stage, port)
  client.setTimeout(2_000_000)
  stage.log('client', client.timeout)
  stage.log('client', await textOf(client))
})

scene('handshakes that take too long', async stage => {
  const { secure, port } = await secured(stage, { handshakeTimeout: 40 })
  const failed = once(secure, 'tlsClientError')
  stage.watch('server', secure, 'tlsClientError')
  const client = net.connect(port, '127.0.0.1').resume()
  stage.after(() => client.destroy())
  const [, socket] = await failed
  stage.log('server', socket.destroyed, socket.remoteAddress)
})

scene('methods of connected ones', async stage => {
  const { secure, port } = await secured(stage, { maxVersion: 'TLSv1.2' })
  const accepted = once(secure, 'secureConnection')
  const client = dial(stage, port, { minDHSize: 1024 }, { noDelay: true, keepAlive: true })
  client.on('keylog', line => stage.log('keylog', String(line).split(' ')[0]))
  const [socket] = await accepted
  stage.log(
    'client',
    client.setNoDelay(true) === client,
    client.setKeepAlive(true, 1000) === client,
    client.setMaxSendFragment(512),
  )
  stage.log('client', client.ref() === client, client.unref() === client, client.ref() === client)
  await turns(20)
  const renegotiated = deferred()
  stage.log(
    'client',
    client.renegotiate({}, error => renegotiated.resolve(error)),
  )
  stage.log('client', 'renegotiated', await renegotiated.promise)
  client.disableRenegotiation()
  stage.log('client', client.enableTrace?.name, typeof client._handle, client.getSession()?.length > 10)
  socket.end('x'.repeat(2000))
  stage.log('client', (await textOf(client)).length)
})
