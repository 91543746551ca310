// A load of short and long connections in a process of its own: `node load.mjs PORT SHORT LONG`. Each asks and waits for
// its answers; whatever it loses it counts. Prints the counts as JSON when its input ends.
import { connect } from 'node:net'

const [port, shorts, longs] = process.argv.slice(2).map(Number)
const counts = { connections: 0, replies: 0, refused: 0, reset: 0, lost: 0, cut: 0 }
/** Long connections ask this often, then go. */
const LONG_ASKS = 200
let isOver = false
let open = 0

process.stdin.on('end', () => {
  isOver = true
  endIfDone()
})
process.stdin.resume()
for (let i = 0; i < shorts; i++) dial(1)
for (let i = 0; i < longs; i++) dial(LONG_ASKS)
process.stdout.write('started\n')

function dial(asks) {
  if (isOver) return
  open++
  counts.connections++
  let asked = 0
  let hasHello = false
  let text = ''
  let isDone = false
  const socket = connect({ port, host: '127.0.0.1' })
  const ask = () => {
    if (asked < asks && !isOver) {
      asked++
      socket.write(`${asked}\n`)
    } else {
      isDone = true
      socket.end()
    }
  }
  socket.setEncoding('utf8')
  socket.on('data', data => {
    text += data
    for (;;) {
      const end = text.indexOf('\n')
      if (end < 0) break
      const line = text.slice(0, end)
      text = text.slice(end + 1)
      if (!hasHello) hasHello = true
      else if (line === String(asked)) counts.replies++
      else counts.lost++
      ask()
    }
  })
  socket.on('error', error => {
    if (error.code === 'ECONNREFUSED') counts.refused++
    else counts.reset++
    isDone = true
  })
  socket.on('close', () => {
    if (!isDone) {
      // An answer that never came, or an end that we did not ask for.
      if (asked > 0 || !hasHello) counts.lost++
      else counts.cut++
    }
    open--
    if (isOver) endIfDone()
    else setImmediate(dial, asks)
  })
}

function endIfDone() {
  if (open === 0) {
    process.stdout.write(`${JSON.stringify(counts)}\n`, () => process.exit())
  }
}
