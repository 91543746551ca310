// A process of subscribers, each of all channels c0, c1, ...: counts what came, what was missed, what came twice or out of
// order, by the numbers in the messages. Prints a line when all are subscribed, and the counts when its input ends.
import { once } from 'node:events'
import { connect } from 'node:net'

const [port, subscribers, channels] = process.argv.slice(2).map(Number)
const counts = { received: 0, missed: 0, doubled: 0, broken: 0 }
const seen = []
let isOver = false

await Promise.all(Array.from({ length: subscribers }, (_, index) => subscribe(index)))
console.log('subscribed')
process.stdin.resume()
await once(process.stdin, 'end')
isOver = true
console.log(JSON.stringify({ ...counts, last: seen }))
process.exit(0)

async function subscribe(index) {
  const last = Array.from({ length: channels }, () => -1)
  seen.push(last)
  const socket = connect(port, '127.0.0.1')
  let text = ''
  const gone = () => {
    if (!isOver) counts.broken++
  }
  socket.on('close', gone).on('error', () => {})
  await once(socket, 'connect')
  // Half of them by a pattern: the two ways must not differ.
  const names = Array.from({ length: channels }, (_, channel) => `c${channel}`)
  socket.write(index % 2 === 0 ? `SUBSCRIBE ${names.join(' ')}\r\n` : 'PSUBSCRIBE c*\r\n')
  socket.setEncoding('latin1')
  await once(socket, 'data')
  socket.on('data', chunk => {
    text += chunk
    let end = 0
    for (const match of text.matchAll(/\$2\r\nc(\d)\r\n\$\d+\r\n(\d+)\r\n/g)) {
      const channel = Number(match[1])
      const number = Number(match[2])
      counts.received++
      if (number <= last[channel]) counts.doubled++
      else {
        counts.missed += number - last[channel] - 1
        last[channel] = number
      }
      end = match.index + match[0].length
    }
    text = text.slice(end)
  })
}
