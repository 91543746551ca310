// Plain sockets that have readers, upgraded to TLS on both ends: what their old readers see after that, and TLS.
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { PassThrough } from 'node:stream'
import tls, { TLSSocket } from 'node:tls'
import { report } from './report.mjs'

const folder = new URL('../../interop/', import.meta.url)
const [key, cert] = ['key.pem', 'cert.pem'].map(name => readFileSync(new URL(name, folder)))

/** Each has `socket` read, tells `seen` of the bytes, and calls `ready` once 'ready' has come. */
const readers = {
  data(socket, seen) {
    socket.on('data', seen)
  },
  readable(socket, seen) {
    socket.on('readable', () => {
      const data = socket.read()
      if (data !== null) seen(data)
    })
  },
  pipe(socket, seen) {
    socket.pipe(new PassThrough()).on('data', seen)
  },
  paused(socket, seen) {
    socket.on('data', data => {
      seen(data)
      socket.pause()
    })
  },
}

const server = net.createServer(socket => {
  socket.once('data', () => {
    socket.write('ready')
    const secure = new TLSSocket(socket, { isServer: true, key, cert })
    secure.on('data', data => secure.write(`echo ${data}`))
    secure.on('end', () => secure.end())
  })
})
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))

const found = {}
for (const [name, read] of Object.entries(readers)) {
  found[name] = await new Promise(resolve => {
    const socket = net.connect(server.address().port, '127.0.0.1')
    let old = ''
    read(socket, data => {
      old += data
      if (old === 'ready') upgrade()
    })
    socket.write('starttls')
    const upgrade = () => {
      const secure = tls.connect({ socket, ca: cert, servername: 'localhost' }, () => secure.write('hi'))
      secure.on('data', data => {
        secure.end()
        secure.on('close', () => resolve({ answer: String(data), oldReaderSaw: old }))
      })
    }
  })
}
server.close()
report(found)
