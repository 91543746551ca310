// A program in TypeScript: the README's first example, and what else is typed.
import cluster, { fork, isPrimary, startCluster, type Worker, workers } from '@x/cluster'
import { connect, createServer } from '@x/core'

if (cluster.isPrimary) {
  const worker = cluster.fork()
  worker.on('listening', ({ port }) => {
    const client = connect(port, '127.0.0.1')
    client.on('data', text => process.stdout.write(text))
    client.on('close', () => worker.disconnect())
  })
  worker.on('exit', (code, signal) =>
    console.log('the worker has ended with', code?.toFixed(), signal?.length),
  )
} else {
  createServer(socket => socket.end(`hello from worker ${cluster.worker?.id}\n`)).listen(0, '127.0.0.1')
}

cluster.on('listening', (worker: Worker, { address, port }) =>
  console.log(worker.id, address?.length, port + 1),
)
cluster.on('message', (worker, message) => console.log(worker.id, message))
console.log(isPrimary, fork, Object.keys(workers ?? {}))

interface Told {
  readonly text: string
}

const running = await startCluster<{ add: number }, Told>({
  exec: 'worker.js',
  policy: (candidates, { remoteAddress }) =>
    candidates.find(({ place }) => place > remoteAddress.length) ?? null,
  onMessage: (worker, { text }) => console.log(worker.id, text.length),
  onListening: (_worker, info) => console.log(info.port.toFixed()),
})
running.on('message', (worker, { text }) => console.log(worker.id, text.length))
running.on('worker:exit', ({ id, error }) => console.log(id.toFixed(), error?.message))
running.broadcast({ add: 1 })
running.send(0, { add: 2 })
// @ts-expect-error not a message of this program
running.broadcast({ subtract: 1 })
for (const { place, state } of running.status().workers) console.log(place.toFixed(), state.length)
await running.drain({ timeoutMs: 1000, idleMs: 10 })
