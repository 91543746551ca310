// Accepts, echoes the first bytes, and closes.
import { net, serve } from './control.mjs'

serve(
  net.createServer(socket => {
    socket.once('data', chunk => socket.end(chunk))
    socket.on('error', () => {})
  }),
)
