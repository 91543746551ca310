// A TLS client that has said all and still listens, over plain sockets: nothing of the answer is lost, and both ends know
// each other's address. Once for each way in which a program gives a socket to node:tls.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import tls, { TLSSocket } from 'node:tls'
import { payload, report, sum } from './report.mjs'

const folder = new URL('../../interop/', import.meta.url)
const [key, cert] = ['key.pem', 'cert.pem'].map(name => readFileSync(new URL(name, folder)))
const { data, sum: sent } = payload(400_000)

const echo = secure => secure.pipe(secure)
let seen
/** @param {TLSSocket} secure @param {number} port */
const look = (secure, port) => {
  seen = { remote: secure.remoteAddress, local: secure.localPort === port, own: secure.address().family }
}
const secureServer = tls.createServer({ key, cert }, echo)

/** Each gives an accepted socket to node:tls. */
const ways = {
  socket: socket => echo(new TLSSocket(socket, { isServer: true, key, cert })),
  server: socket => secureServer.emit('connection', socket),
}

const found = {}
for (const [name, secureIt] of Object.entries(ways)) {
  seen = undefined
  let isClosed
  const server = net.createServer(socket => {
    isClosed = once(socket, 'close')
    const secure = secureIt(socket)
    if (secure instanceof TLSSocket) look(secure, port)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address()
  const isHeard = name === 'server' && once(secureServer, 'secureConnection')
  const socket = net.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const client = tls.connect({ socket, ca: cert, servername: 'localhost' })
  if (isHeard) look((await isHeard)[0], port)
  const ends = [
    client.remoteAddress,
    client.remoteFamily,
    client.remotePort === port,
    client.address().address,
  ]
  client.end(data)
  const chunks = []
  client.on('data', chunk => chunks.push(chunk))
  await once(client, 'close')
  await isClosed
  found[name] = { isWhole: sum(Buffer.concat(chunks)) === sent, ends, seen }
  server.close()
}
report(found)
