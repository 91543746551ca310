// A load: connects, sends a byte, waits for the echo, and ends as it is told; so many times, some at a time. Prints the
// count.
import { connect } from 'node:net'

const [port, total, atATime] = process.argv.slice(2, 5).map(Number)
const how = process.argv[5]
let begun = 0
let done = 0

for (let n = 0; n < atATime; n++) dial()

function dial() {
  if (begun++ >= total) return
  const socket = connect({ port, host: '127.0.0.1' }, () => socket.write('x'))
  socket.on('data', () => {
    if (how === 'client-ends') socket.end()
    else if (how === 'client-resets') socket.resetAndDestroy()
  })
  socket.on('error', error => {
    throw error
  })
  socket.on('close', () => {
    if (++done === total) process.stdout.write(`${done}\n`)
    dial()
  })
}
