// A transport that swallows what listeners throw, and stops handing on the turn's other events (law 11).
import { portable } from '@x/core/transport'

let isBroken = false
function guarded(call) {
  return (...args) => {
    if (isBroken) return
    try {
      call(...args)
    } catch {
      isBroken = true
      setImmediate(() => {
        isBroken = false
      })
    }
  }
}

function broken(stream) {
  const readStart = stream.readStart.bind(stream)
  return Object.assign(stream, {
    readStart: sink => readStart({ ...sink, onData: guarded(chunk => sink.onData(chunk)) }),
  })
}

export const newTransport = () => ({
  ...portable,
  stream: kind => broken(portable.stream(kind)),
  listener(kind) {
    const listener = portable.listener(kind)
    const listen = listener.listen.bind(listener)
    return Object.assign(listener, {
      listen: (backlog, accept, done) =>
        listen(
          backlog,
          guarded((status, stream) => accept(status, stream && broken(stream))),
          done,
        ),
    })
  },
})
