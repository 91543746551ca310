// gRPC on both ends, through a front of net that carries each connection on and resets them all at the end.
import net from 'node:net'
import grpc from '@grpc/grpc-js'
import { payload, report, sum } from './report.mjs'

const same = bytes => bytes
const forms = {
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
}
const service = {
  Echo: { path: '/test.Echoes/Echo', requestStream: false, responseStream: false, ...forms },
  Chat: { path: '/test.Echoes/Chat', requestStream: true, responseStream: true, ...forms },
}
const unlimited = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 }

const server = new grpc.Server(unlimited)
server.addService(service, {
  Echo({ request }, done) {
    if (request.length === 0) done({ code: grpc.status.NOT_FOUND, message: 'nothing' })
    else done(null, request)
  },
  Chat(call) {
    call.on('data', data => call.write(data)).on('end', () => call.end())
  },
})
const bound = await new Promise((resolve, reject) => {
  const credentials = grpc.ServerCredentials.createInsecure()
  server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error ? reject(error) : resolve(port)))
})

const carried = new Set()
const front = net.createServer({ allowHalfOpen: true }, socket => {
  carried.add(socket.on('error', () => {}))
  const onward = net.connect({ port: bound, host: '127.0.0.1', allowHalfOpen: true })
  onward.on('error', () => {})
  socket.pipe(onward).pipe(socket)
  socket.on('close', () => onward.destroy())
})
await new Promise(resolve => front.listen(0, '127.0.0.1', resolve))

const Echoes = grpc.makeClientConstructor(service, 'Echoes')
const at = `127.0.0.1:${front.address().port}`
const client = new Echoes(at, grpc.credentials.createInsecure(), unlimited)
const echo = request =>
  new Promise(resolve =>
    client.Echo(request, { deadline: Date.now() + 60_000 }, (error, answer) =>
      resolve(error?.code ?? answer),
    ),
  )

const large = payload(8 << 20)
const small = await Promise.all(Array.from({ length: 200 }, (_, i) => echo(Buffer.alloc(i % 2, i))))
const echoed = sum(await echo(large.data)) === large.sum

const chat = client.Chat()
let answered = 0
chat.on('data', data => {
  answered += data.length
})
for (let i = 0; i < 1000; i++) chat.write(Buffer.alloc(1000, i))
chat.end()
await new Promise(resolve => chat.once('end', resolve))

const open = client.Chat()
open.write(Buffer.from('x'))
await new Promise(resolve => open.once('data', resolve))
const broken = new Promise(resolve => open.once('error', ({ code }) => resolve(code)))
for (const socket of carried) socket.resetAndDestroy()
report({
  large: echoed,
  refused: small.filter(code => code === grpc.status.NOT_FOUND).length,
  small: small.filter(answer => answer.length === 1).length,
  streamed: answered,
  reset: await broken,
})
client.close()
server.forceShutdown()
front.close()
