// One of the servers that race: on "go" it listens, and says how that went; on "stop" it closes.
import { createInterface } from 'node:readline'
import { listen } from '@x/ipc'

const [where] = process.argv.slice(2)
let server = null
console.log('ready')
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'go') {
    try {
      server = await listen(where, {}, socket => socket.on('error', () => {}).end(String(process.pid)))
      console.log('won')
    } catch (error) {
      console.log(error.code)
    }
  } else {
    await new Promise(resolve => (server === null ? resolve() : server.close(resolve)))
    server = null
    console.log('stopped')
  }
}
