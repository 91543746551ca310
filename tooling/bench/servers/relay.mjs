// Passes each connection on to a sink, both ways, by `relay`. Where the module has none, by what a program writes in its
// place.
import { net, serve } from './control.mjs'

const port = Number(process.env.X_BENCH_UPSTREAM)
const relay = net.relay ?? pipeBothWays

serve(
  net.createServer({ allowHalfOpen: true }, client => {
    relay(client, net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }))
  }),
)

/** @param {import('node:net').Socket} client @param {import('node:net').Socket} upstream */
function pipeBothWays(client, upstream) {
  client.pipe(upstream).pipe(client)
  client.on('error', () => upstream.destroy())
  upstream.on('error', () => client.destroy())
}
