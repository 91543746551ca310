// Passes each connection on to a sink, both ways, by `pipe`. The sink is a process of its own, whose CPU does not count.
import { net, serve } from './control.mjs'

const port = Number(process.env.X_BENCH_UPSTREAM)

serve(
  net.createServer({ allowHalfOpen: true }, client => {
    const upstream = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    client.pipe(upstream)
    upstream.pipe(client)
    for (const socket of [client, upstream]) socket.on('error', () => {})
  }),
)
