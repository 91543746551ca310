// Descriptors run out while clients connect. Run under a low `ulimit -n`. Every client is answered in the end, and the
// listener tells of the shortage once.
const { openSync, closeSync } = require('node:fs')
const { local, serve, connect, echo } = require('./base.cjs')

const hoard = []
const told = []
const listener = serve(local, echo, status => {
  told.push(status)
  for (const fd of hoard.splice(0)) closeSync(fd)
})
// Connected before the shortage, to be accepted in it.
const clients = 8
let answered = 0
const streams = []
for (let index = 0; index < clients; index++) {
  streams.push(
    connect(listener.sockname(), (status, stream) => {
      if (status < 0) throw new Error(`connect: ${status}`)
      stream.write([Buffer.from('x')], () => {})
      stream.readStart({ onData: onAnswer, onEnd() {}, onError() {} })
    }),
  )
}
try {
  for (;;) hoard.push(openSync('/dev/null', 'r'))
} catch {}

function onAnswer() {
  if (++answered < clients) return
  console.log(JSON.stringify({ answered, told }))
  process.exit(0)
}
