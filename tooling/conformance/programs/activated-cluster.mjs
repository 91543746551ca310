// A service that a manager has opened a socket for, on two workers that are kept up. Each connection gets the number of the worker
// that serves it. It prints who is ready; "kill ID" kills that worker, "reload" replaces all.
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import cluster, { startCluster } from '@x/cluster'
import { createServer } from '@x/core'
import { takeListenFds } from '@x/ipc/systemd'

const [given] = takeListenFds()
if (cluster.isWorker) {
  createServer(socket => socket.end(`${given?.name} ${cluster.worker?.id}`)).listen(given ?? { port: 0 })
} else {
  const running = await startCluster({
    exec: fileURLToPath(import.meta.url),
    workers: 2,
    restart: { minDelayMs: 1 },
  })
  running.on('worker:ready', id => console.log(`ready ${id}`))
  console.log(`started ${running.workers.map(worker => worker.id).join()}`)
  for await (const line of createInterface({ input: process.stdin })) {
    const [what, id] = line.split(' ')
    if (what === 'reload') await running.reload()
    else running.workers.find(worker => worker.id === Number(id))?.process.kill('SIGKILL')
    console.log(`done ${what}`)
  }
}
