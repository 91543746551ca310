// A daemon: serves procedures where it is told, and says how often each of them ran. "hang" makes it read nothing more.
import { createChannel, listen } from '@x/ipc'

const [where] = process.argv.slice(2)
const runs = { slow: 0 }
const procedures = {
  add: ([a, b]) => a + b,
  pid: () => process.pid,
  slow: () => {
    runs.slow++
    console.log('slow runs')
    return new Promise(() => {})
  },
  bytes: bytes => bytes.length,
  fail: () => {
    throw Object.assign(new RangeError('as asked'), { code: 'ERR_ASKED' })
  },
}
await listen(where, {}, socket => {
  const channel = createChannel(socket).serve(procedures)
  channel.on('message', ({ value }) => console.log(`heard ${value}`))
})
console.log('listening')
