// A server without room for one more descriptor when a peer has connected: `crowded.mjs PATH [raw]`, under a limit. It prints
// what its channel tells, and has room again once that was a shortage; or what a raw handoff receives without room.
import { closeSync, openSync } from 'node:fs'
import { createChannel, createRawHandoff, listen } from '@x/ipc'

const [path, isRaw] = process.argv.slice(2)
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
  if (isRaw) {
    const link = createRawHandoff(socket)
    link.on('data', (bytes, descriptors, isTruncated) => {
      console.log('data', String(bytes), descriptors.length, isTruncated)
      link.destroy()
    })
    link.send(Buffer.from('full'))
    fill()
    return
  }
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
