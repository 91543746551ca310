// A chat over several workers: `nc 127.0.0.1 7000`, in several terminals. SIGHUP replaces the workers by new ones, which
// run the code that is on disk then; no client loses its connection.
//   node chat.mjs [port] [workers]
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import cluster, { startCluster } from '@x/cluster'

const [port = '7000', workers = String(availableParallelism())] = process.argv.slice(2)

const running = await startCluster({
  exec: fileURLToPath(new URL('worker.mjs', import.meta.url)),
  args: [port],
  workers: Number(workers),
  signals: true, // SIGHUP reloads; SIGTERM and Ctrl-C drain, a second one ends at once
  drainTimeoutMs: 60_000,
  onListening: (worker, { port }) => console.log(`worker ${worker.id} listens on port ${port}`),
})
console.log(`kill -HUP ${process.pid} replaces the workers`)

// A message of one worker's client goes to the clients of all workers, including workers that are being drained.
running.on('message', (_worker, message) => {
  for (const worker of Object.values(cluster.workers ?? {})) worker?.send(message)
})
running.on('reload', ({ replaced }) => console.log(`${replaced} workers were replaced, and have ended`))
running.on('reload-failed', error => console.error('the old workers go on:', error.message))
running.on('worker:exit', ({ id }) => console.log(`worker ${id} has ended`))
running.on('stop', () => console.log('all workers have ended'))
