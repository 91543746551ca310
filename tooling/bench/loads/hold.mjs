// A load: opens so many connections and holds them until its standard input ends. Prints the count when all stand.
import { connect } from 'node:net'

const [port, total] = process.argv.slice(2).map(Number)
const AT_A_TIME = 100
let open = 0

for (let n = 0; n < AT_A_TIME; n++) next()
process.stdin.resume().on('end', () => process.exit())

function next() {
  if (open + AT_A_TIME > total + AT_A_TIME - 1) return
  connect({ port, host: '127.0.0.1' }, () => {
    if (++open === total) process.stdout.write(`${open}\n`)
    if (open <= total - AT_A_TIME) next()
  }).on('error', error => {
    throw error
  })
}
