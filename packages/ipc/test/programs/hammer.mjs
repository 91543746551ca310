// Tries to connect to a path again and again, and counts what it gets; "stop" prints the counts. Prints "refused" once, when
// it is not let in for the first time.
import { connect } from 'node:net'
import { createInterface } from 'node:readline'

const [where] = process.argv.slice(2)
const counts = {}
let isStopped = false
const count = what => {
  counts[what] = (counts[what] ?? 0) + 1
  if (what === 'EACCES' && counts[what] === 1) console.log('refused')
}

function attempt() {
  if (isStopped) return
  const socket = connect(where)
  socket.on('connect', () => {
    count('connected')
    socket.destroy()
  })
  socket.on('error', error => count(error.code))
  socket.on('close', () => setImmediate(attempt))
}
for (let at = 0; at < 4; at++) attempt()
console.log('hammering')
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== 'stop') continue
  isStopped = true
  console.log(JSON.stringify(counts))
  break
}
