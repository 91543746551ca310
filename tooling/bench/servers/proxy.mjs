// Passes each connection on to a sink, both ways, by `pipe`. The sink is a process of its own, whose CPU does not count.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { net, serve } from './control.mjs'

const sink = spawn(process.execPath, [fileURLToPath(new URL('sink.mjs', import.meta.url))], {
  env: { ...process.env, X_BENCH_NET: 'node:net' },
  stdio: ['pipe', 'pipe', 'inherit'],
})
process.on('exit', () => sink.kill('SIGKILL'))
const [line] = await once(createInterface({ input: sink.stdout }), 'line')
const { port } = JSON.parse(line)

serve(
  net.createServer({ allowHalfOpen: true }, client => {
    const upstream = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    client.pipe(upstream)
    upstream.pipe(client)
    for (const socket of [client, upstream]) socket.on('error', () => {})
  }),
)
