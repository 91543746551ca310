// Run with --expose-gc. Handles that nobody holds a reference to go on working while they are open, and are let go of
// once closed.
const { local, serve, connect, echo } = require('./base.cjs')

const collected = new FinalizationRegistry(name => gone.push(name))
const gone = []
const listener = serve(local, stream => {
  collected.register(stream, 'accepted')
  echo(stream)
})
let answers = 0
connect(listener.sockname(), (_status, stream) => {
  collected.register(stream, 'connecting')
  stream.readStart({
    onData() {
      answers += 1
      if (answers === 20) stream.close()
      else again(stream)
    },
    onEnd() {},
    onError() {},
  })
  again(stream)
})

function again(stream) {
  globalThis.gc()
  stream.write([Buffer.alloc(100_000)], () => {})
}

const poll = setInterval(() => {
  globalThis.gc()
  if (gone.length < 2) return
  clearInterval(poll)
  console.log(JSON.stringify({ gone: gone.sort() }))
  process.exit(0)
}, 5)
