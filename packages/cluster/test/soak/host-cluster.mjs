// A rolling reload on node:cluster, for comparison: the usual way, fork a successor, wait until it listens, disconnect the
// old one. `node host-cluster.mjs ROUNDS`: prints the port, then one line each reload.
import cluster from 'node:cluster'
import { once } from 'node:events'
import { createServer } from 'node:net'

if (cluster.isPrimary) {
  // A port of its own choosing: with node:cluster, workers that ask for port 0 and for the port it became do not share.
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  probe.close()
  const start = async () => {
    const worker = cluster.fork({ PORT: String(port) })
    await once(worker, 'listening')
    return worker
  }
  let workers = [await start(), await start()]
  console.log(port)
  for (let round = 0; round < Number(process.argv[2]); round++) {
    const successors = [await start(), await start()]
    for (const old of workers) {
      const gone = once(old, 'exit')
      old.disconnect()
      await gone
    }
    workers = successors
    console.log('reloaded')
  }
  process.stdin.on('end', () => {
    for (const worker of workers) worker.process.kill()
    process.exit()
  })
  process.stdin.resume()
} else {
  createServer(socket => {
    socket.on('error', () => {})
    socket.write(`${cluster.worker.id}\n`)
    socket.on('data', data => socket.write(data))
  }).listen(Number(process.env.PORT), '127.0.0.1')
}
