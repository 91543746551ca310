// A load: opens so many connections and holds them until its standard input ends. Prints the count when all stand. It resets
// them: ten thousand that end would leave the system no ports for a minute (TIME_WAIT, RFC 9293).
import { connect } from 'node:net'

const [port, total] = process.argv.slice(2).map(Number)
const AT_A_TIME = 100
/** @type {Set<import('node:net').Socket>} */
const sockets = new Set()
let asked = 0
let open = 0

for (let n = 0; n < AT_A_TIME; n++) next()
process.stdin.resume().on('end', () => {
  for (const socket of sockets) socket.resetAndDestroy()
})

function next() {
  if (asked === total) return
  asked++
  const socket = connect({ port, host: '127.0.0.1' }, () => {
    if (++open === total) process.stdout.write(`${open}\n`)
    next()
  }).on('error', error => {
    throw error
  })
  sockets.add(socket)
}
