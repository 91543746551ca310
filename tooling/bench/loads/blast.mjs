// A load: sends so many bytes over one connection as fast as they are taken, and prints the count that comes back.
import { connect } from 'node:net'

const [port, bytes] = process.argv.slice(2).map(Number)
const block = Buffer.alloc(256 * 1024, 'x')
const socket = connect({ port, host: '127.0.0.1' })
let left = bytes
let answer = ''

socket.on('connect', send)
socket.on('drain', send)
socket.setEncoding('latin1').on('data', text => {
  answer += text
})
socket.on('end', () => process.stdout.write(`${answer}\n`))

function send() {
  while (left > 0) {
    const length = Math.min(left, block.length)
    left -= length
    if (!socket.write(length === block.length ? block : block.subarray(0, length))) break
  }
  if (left === 0) socket.end()
}
