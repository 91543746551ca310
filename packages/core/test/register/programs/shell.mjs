// ssh2 on both ends: a command, a file by SFTP's bytes over a channel, and a forwarded connection.
import { generateKeyPairSync } from 'node:crypto'
import net from 'node:net'
import ssh2 from 'ssh2'
import { payload, report, sum } from './report.mjs'

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
})
const echo = net.createServer(socket => socket.pipe(socket))
await new Promise(resolve => echo.listen(0, '127.0.0.1', resolve))

const server = new ssh2.Server({ hostKeys: [privateKey] }, client => {
  client.on('error', () => {})
  client.on('authentication', context => context.accept())
  client.on('session', accept => {
    accept().on('exec', (accept, _reject, { command }) => {
      const stream = accept()
      if (command === 'cat') return stream.pipe(stream)
      stream.end(`ran ${command}`)
      stream.exit(0)
    })
  })
  client.on('tcpip', (accept, _reject, { destPort }) => {
    const stream = accept()
    const socket = net.connect(destPort, '127.0.0.1')
    stream.pipe(socket).pipe(stream)
  })
})
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))

const client = new ssh2.Client()
client.connect({ host: '127.0.0.1', port: server.address().port, username: 'u', password: 'p' })
await new Promise((resolve, reject) => client.once('ready', resolve).once('error', reject))

const opened = (method, ...args) =>
  new Promise((resolve, reject) =>
    client[method](...args, (error, stream) => (error ? reject(error) : resolve(stream))),
  )
const read = async stream => Buffer.concat(await stream.toArray())

const ran = await read(await opened('exec', 'uptime'))
const large = payload(8 << 20)
async function through(stream) {
  const all = read(stream)
  stream.end(large.data)
  return sum(await all) === large.sum
}
const cat = await through(await opened('exec', 'cat'))
const forwarded = await through(await opened('forwardOut', '127.0.0.1', 1, '127.0.0.1', echo.address().port))

client.end()
await new Promise(resolve => client.once('close', resolve))
await new Promise(resolve => server.close(resolve))
await new Promise(resolve => echo.close(resolve))
report({ ran: `${ran}`, cat, forwarded })
