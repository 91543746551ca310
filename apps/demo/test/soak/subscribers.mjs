// A process of subscribers, each of all channels c0, c1, ...: counts what came, what was missed, what came twice or out of
// order, by the numbers in the messages. Prints a line when all are subscribed. It is told how many messages each channel had,
// and prints the counts once the last of them have come, or cannot come any more.
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

const [port, subscribers, channels] = process.argv.slice(2).map(Number)
const counts = { received: 0, missed: 0, doubled: 0, broken: 0 }
const seen = []

await Promise.all(Array.from({ length: subscribers }, (_, index) => subscribe(index)))
console.log('subscribed')
const published = JSON.parse(await text(process.stdin))
while (counts.broken === 0 && seen.some(last => last.some((end, channel) => end < published[channel] - 1)))
  await new Promise(resolve => setImmediate(resolve))
console.log(JSON.stringify(counts))
process.exit(0)

async function subscribe(index) {
  const last = Array.from({ length: channels }, () => -1)
  seen.push(last)
  const socket = connect(port, '127.0.0.1')
  let unread = ''
  socket.on('close', () => counts.broken++).on('error', () => {})
  await once(socket, 'connect')
  // Half of them by a pattern: the two ways must not differ.
  const names = Array.from({ length: channels }, (_, channel) => `c${channel}`)
  socket.write(index % 2 === 0 ? `SUBSCRIBE ${names.join(' ')}\r\n` : 'PSUBSCRIBE c*\r\n')
  socket.setEncoding('latin1')
  await once(socket, 'data')
  socket.on('data', chunk => {
    unread += chunk
    let end = 0
    for (const match of unread.matchAll(/\$2\r\nc(\d)\r\n\$\d+\r\n(\d+)\r\n/g)) {
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
    unread = unread.slice(end)
  })
}
