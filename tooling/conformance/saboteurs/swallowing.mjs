// A transport that swallows what listeners throw, and stops handing on the turn's other events (law 11).
import { portable, wrapListener, wrapStream, wrapTransport } from '@x/core/transport'

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

export const newTransport = () =>
  wrapTransport(portable, {
    wrapStream: inner =>
      wrapStream(inner, {
        readStart: sink => inner.readStart({ ...sink, onData: guarded(chunk => sink.onData(chunk)) }),
      }),
    wrapListener: (inner, wrapAccepted) =>
      wrapListener(inner, {
        listen: (backlog, accept, done) =>
          inner.listen(
            backlog,
            guarded((status, stream) => accept(status, stream && wrapAccepted(stream))),
            done,
          ),
      }),
  })
