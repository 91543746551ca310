// Answers PING of the Redis protocol, one `write` for each. It knows no other command, and takes every request to be as
// long as a PING: that is what the loads send, and parsing is not what is measured.
import { Buffer } from 'node:buffer'
import { net, serve } from './control.mjs'

const PING_LENGTH = '*1\r\n$4\r\nPING\r\n'.length
const PONG = Buffer.from('+PONG\r\n')
const ERROR = Buffer.from('-ERR unknown command\r\n')

serve(
  net.createServer({ noDelay: true }, socket => {
    let received = 0
    socket.on('data', chunk => {
      // redis-benchmark asks for the server's configuration first, on a connection of its own.
      if (received === 0 && chunk[1] !== 49) {
        socket.write(ERROR)
        return
      }
      for (received += chunk.length; received >= PING_LENGTH; received -= PING_LENGTH) socket.write(PONG)
    })
    socket.on('error', () => {})
  }),
)
