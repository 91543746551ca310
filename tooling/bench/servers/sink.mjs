// Receives, counts, and ends the connection with the count. It keeps nothing.
import { net, serve } from './control.mjs'

serve(
  net.createServer({ allowHalfOpen: true }, socket => {
    let received = 0
    socket.on('data', chunk => {
      received += chunk.length
    })
    socket.on('end', () => socket.end(String(received)))
    socket.on('error', () => {})
  }),
)
