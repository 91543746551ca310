// Accepts and echoes; the client ends.
import { net, serve } from './control.mjs'

serve(
  net.createServer(socket => {
    socket.on('data', chunk => socket.write(chunk))
    socket.on('error', () => {})
  }),
)
