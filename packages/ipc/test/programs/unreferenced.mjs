// Makes a request that nobody answers, over a channel or a client that keeps no process alive: `unreferenced.mjs WHICH PATH`.
// It prints "asked", and ends.
import { once } from 'node:events'
import { connect, createChannel, createClient, listen } from '@x/ipc'

const DAY_MS = 86_400_000
const [which, path] = process.argv.slice(2)
const ask = over => over.request('nobody answers', { timeoutMs: DAY_MS })

async function serve() {
  const server = await listen(path, {}, socket =>
    createChannel(socket)
      .serve(() => new Promise(() => {}))
      .unref(),
  )
  server.unref()
}

if (which === 'channel') {
  await serve()
  const channel = createChannel(await connect(path))
  await once(channel, 'open')
  // One that waits already, and one that comes later.
  ask(channel)
  channel.unref()
  ask(channel)
} else {
  if (which === 'client with a connection') await serve()
  const client = createClient(path)
  await once(client, which === 'client with a connection' ? 'up' : 'down')
  ask(client)
  client.unref()
  ask(client)
}
console.log('asked')
