// Listeners that throw in the middle of a batch of accepts and reads: each throw reaches uncaughtException, and nobody
// else misses an event.
const { local, serve, connect } = require('./base.cjs')

const caught = []
process.on('uncaughtException', error => caught.push(error.message))
const clients = 12
let accepted = 0
let answered = 0
const listener = serve(local, stream => {
  const index = accepted++
  stream.readStart({
    onData(chunk) {
      stream.write([chunk], () => {})
      if (index % 4 === 1) throw new Error(`read ${index}`)
    },
    onEnd() {},
    onError() {},
  })
  if (index % 4 === 0) throw new Error(`accept ${index}`)
})
for (let index = 0; index < clients; index++) {
  connect(listener.sockname(), (_status, stream) => {
    stream.write([Buffer.from('x')], () => {})
    stream.readStart({ onData: onAnswer, onEnd() {}, onError() {} })
    if (index % 6 === 5) throw new Error(`connect ${index}`)
  })
}

function onAnswer() {
  if (++answered < clients) return
  console.log(JSON.stringify({ accepted, answered, caught: caught.sort() }))
  process.exit(0)
}
