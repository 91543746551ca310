// Accepts connections and keeps them.
import { net, serve } from './control.mjs'

serve(
  net.createServer(socket => {
    socket.on('data', () => {})
    socket.on('error', () => {})
  }),
)
