// Connects where it is told, says what it hears, and its own numbers first. "again" connects once more.
import { createInterface } from 'node:readline'
import { connect } from '@x/core'

const [where] = process.argv.slice(2)
console.log(`${process.pid} ${process.getuid()} ${process.getgid()}`)

function dial() {
  let text = ''
  const socket = connect(where.startsWith('@') ? `\0${where.slice(1)}` : where)
  socket.on('data', chunk => {
    text += chunk
  })
  socket.on('error', error => {
    text = error.code
  })
  socket.on('close', () => console.log(`heard ${text}`))
}
dial()
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'again') dial()
}
