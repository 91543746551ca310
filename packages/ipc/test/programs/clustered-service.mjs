// A service of two workers that serve on what the manager has opened for their primary; each connection gets the name of its socket.
import cluster from 'node:cluster'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { takeListenFds } from '@x/ipc/systemd'

if (cluster.isPrimary) {
  takeListenFds()
  const workers = [cluster.fork(), cluster.fork()]
  const names = await Promise.all(workers.map(async worker => (await once(worker, 'message'))[0]))
  console.log(JSON.stringify(names))
} else {
  const given = takeListenFds()
  for (const { fd, name } of given) {
    const server = createServer(socket => socket.end(name)).listen({ fd })
    await once(server, 'listening')
  }
  process.send(given.map(({ name }) => name).join())
}
