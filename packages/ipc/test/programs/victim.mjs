// A server that all may reach, whose channels take descriptors and answer; says how each ends. "broadcast" sends to all,
// "memory" tells what is not garbage, in bytes, and the open descriptors.
import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createChannel, listen } from '@x/ipc'

setFlagsFromString('--expose_gc')
const gc = runInNewContext('gc')
const channels = new Set()
for (const what of ['uncaughtException', 'unhandledRejection']) {
  process.on(what, error => console.log(`${what} ${error}`))
}
await listen(process.argv[2], { writableAll: true }, socket => {
  const channel = createChannel(socket, { handles: true, handleLimit: 50 }).serve(value => value)
  channels.add(channel)
  channel.on('close', error => {
    channels.delete(channel)
    console.log(`closed ${channel.ending} ${error?.code ?? null}`)
  })
})
console.log('listening')
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'broadcast') {
    let sent = 0
    for (const channel of channels) {
      channel.send('x'.repeat(5000)).catch(() => {})
      sent++
    }
    console.log(`sent ${sent}`)
  } else if (line === 'listen') {
    // Whoever listens and looks at nothing leaves what came with it open.
    for (const channel of channels) channel.on('message', () => {})
    console.log('listens')
  } else {
    for (let times = 0; times < 3; times++) {
      await new Promise(resolve => setImmediate(resolve))
      gc()
    }
    const { heapUsed, external } = process.memoryUsage()
    console.log(JSON.stringify({ bytes: heapUsed + external, open: readdirSync('/proc/self/fd').length }))
  }
}
