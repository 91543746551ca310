// TLS above sockets of `net`: ends of one side and of both, writes of a handshake, back-pressure.
import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import { deferred, scene, textOf, turns } from '../scene.mjs'
import { cert, dial, secured } from '../tls-bed.mjs'

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

for (const maxVersion of /** @type {const} */ (['TLSv1.2', 'TLSv1.3']))
  scene(`an end in one read with data, and an answer that takes promises: ${maxVersion}`, async stage => {
    const { secure, port, raws } = await secured(stage, { maxVersion })
    const closed = deferred()
    secure.on('secureConnection', socket => {
      stage.watch('server', socket, 'end', 'close')
      socket.on('close', closed.resolve)
      socket.on('data', async data => {
        for (let i = 0; i < 5; i++) await null
        stage.log('server', 'answers', data)
        socket.end('answer')
      })
      // TLS does without it where it reads from the handle itself.
      raws[0]?.pause()
      client.end('question')
    })
    const client = dial(stage, port)
    const text = textOf(client)
    await once(client, 'finish')
    await turns(3)
    raws[0]?.resume()
    stage.log('client', await text)
    await closed.promise
  })

for (const size of [10, 200_000])
  scene(`an end of our side before the peer's ${size} bytes are read`, async stage => {
    const { secure, port } = await secured(stage)
    const served = deferred()
    secure.on('secureConnection', async socket => {
      stage.watch('server', socket, 'end', 'close')
      socket.end('answer')
      await peerEnded.promise
      await turns(20)
      let received = 0
      for await (const chunk of socket) {
        received += chunk.length
        await turns(3)
      }
      stage.log('server', received)
      served.resolve()
    })
    const peerEnded = deferred()
    const client = dial(stage, port)
    client.resume().end(Buffer.alloc(size), peerEnded.resolve)
    // What does not fit waits for the server to read.
    if (size > 100_000) peerEnded.resolve()
    await served.promise
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
        let received = 0
        socket.on('data', chunk => {
          received += chunk.length
        })
        if (side === 'server') {
          for (let i = 0; i < 10; i++) client.write(Buffer.alloc(1000), () => {})
          client.resume()
        } else {
          socket.write(Buffer.alloc(100_000))
          client.once('data', () => {})
        }
        await once(side === 'server' ? socket : client, 'data')
        // A server that goes with unread bytes resets its client, and how many come at once is chance.
        if (side === 'server') while (received < 10_000) await once(socket, 'data')
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
