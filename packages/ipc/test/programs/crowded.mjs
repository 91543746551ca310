// A server without room for one more descriptor when a peer has connected: `crowded.mjs PATH`, under a limit. It prints what
// its channel tells, and has room again once that was a shortage.
import { closeSync, openSync } from 'node:fs'
import { createChannel, listen } from '@x/ipc'

const [path] = process.argv.slice(2)
const fillers = []

function fill() {
  try {
    for (;;) fillers.push(openSync('/dev/null', 'r'))
  } catch (error) {
    console.log('full', error.code)
  }
}

const server = await listen(path, {}, socket => {
  server.close()
  fill()
  const channel = createChannel(socket, { handles: true })
  channel.on('shortage', error => {
    console.log('shortage', error.code)
    for (const fd of fillers) closeSync(fd)
  })
  channel.on('message', ({ value }) => console.log('message', value))
  channel.serve(value => value)
})
console.log('listening')
