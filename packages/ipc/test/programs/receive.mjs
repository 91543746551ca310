// Receives handles over a channel at a path and does with each what its message says. "fds" prints how many are open.
import { closeSync, readdirSync, readSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { adoptServer, adoptSocket, connect, createChannel } from '@x/ipc'

const [where, limit] = process.argv.slice(2)
const over = createChannel(await connect(where), {
  handles: true,
  ...(limit && { handleLimit: Number(limit) }),
})
const kept = []
over.on('handle', (message, ...handles) => {
  if (message === 'keep') kept.push(...handles)
  if (message === 'drop') return
  if (message === 'throw') throw new Error('not taken')
  if (message === 'die') process.kill(process.pid, 'SIGKILL')
  if (message === 'close') for (const handle of handles) handle.close()
  if (message === 'read') {
    const fd = handles[0].take()
    const bytes = Buffer.alloc(100)
    console.log(`${handles[0].kind} ${bytes.toString('utf8', 0, readSync(fd, bytes, 0, 100, null))}`)
    closeSync(fd)
  }
  if (message === 'write') {
    const fd = handles[0].take()
    writeSync(fd, `from ${process.pid}`)
    closeSync(fd)
  }
  if (message === 'answer') {
    for (const handle of handles) {
      const socket = adoptSocket(handle, { allowHalfOpen: true })
      let text = ''
      socket.on('data', chunk => {
        text += chunk
      })
      socket.on('end', () => socket.end(`${process.pid} heard ${text}`))
    }
  }
  if (message === 'serve') adoptServer(handles[0], {}, socket => socket.end(`served by ${process.pid}`))
})
over.on('close', error => console.log(`closed ${error?.code ?? ''}`))
process.on('uncaughtException', error => console.log(`uncaught ${error.message}`))
console.log('ready')
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'fds') console.log(readdirSync('/proc/self/fd').length)
  if (line === 'kept') console.log(kept.map(each => each.kind).join())
  if (line === 'release') {
    for (const each of kept.splice(0)) each.close()
    console.log('released')
  }
  if (line === 'pause') for (const end = Date.now() + 200; Date.now() < end; );
}
