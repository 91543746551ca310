// TLS above sockets of `net`: handshakes, sessions, certificates, names, and TLS over what is no socket.
import { once } from 'node:events'
import net from 'node:net'
import { Duplex } from 'node:stream'
import tls from 'node:tls'
import { deferred, scene, textOf, turns } from '../scene.mjs'
import { cert, dial, key, secured } from '../tls-bed.mjs'

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
