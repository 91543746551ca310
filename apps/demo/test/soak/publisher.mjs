// One that publishes 0, 1, 2, ... to a channel, some at a time, and counts replies that are not the number of subscribers.
// It knows no process.
import { once } from 'node:events'
import { connect } from 'node:net'

const AT_A_TIME = 20

export async function startPublisher(port, channel, subscribers) {
  const socket = connect(port, '127.0.0.1')
  const publisher = { published: 0, wrongReplies: 0, isBroken: false, stop }
  let isOver = false
  let waiting = 0
  let text = ''
  let finished = () => {}
  const done = new Promise(resolve => {
    finished = resolve
  })
  socket.setEncoding('latin1')
  socket.on('error', () => {})
  socket.on('close', () => {
    publisher.isBroken = !isOver
    finished()
  })
  await once(socket, 'connect')

  const publish = () => {
    let requests = ''
    for (let index = 0; index < AT_A_TIME; index++)
      requests += `PUBLISH ${channel} ${publisher.published++}\r\n`
    waiting = AT_A_TIME
    socket.write(requests)
  }
  socket.on('data', chunk => {
    text += chunk
    const lines = text.split('\r\n')
    text = lines.pop()
    for (const line of lines) {
      waiting--
      if (line !== `:${subscribers}`) publisher.wrongReplies++
    }
    if (waiting > 0) return
    if (isOver) finished()
    else publish()
  })
  publish()
  return publisher

  /** Resolves once all that was published is answered. */
  async function stop() {
    isOver = true
    await done
    socket.destroy()
  }
}
