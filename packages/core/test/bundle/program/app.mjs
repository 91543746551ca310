// A program to be bundled: one exchange, and a line that tells what carried it.
import net, { Socket } from '@x/core'
import { toNodeSocket } from '@x/core/interop'
import { connect } from '@x/core/promises'
import { selectTransport } from '@x/core/transport'

const { transport, reason } = selectTransport()
const server = net.createServer(socket => toNodeSocket(socket).end('hello'))
server.listen(0, '127.0.0.1', async () => {
  const socket = await connect(server.address().port, '127.0.0.1')
  let text = ''
  for await (const data of socket) text += data
  console.log(JSON.stringify({ text, isOurs: socket instanceof Socket, on: transport.name, reason }))
  server.close()
})
