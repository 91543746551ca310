// A transport that watches whether another keeps the laws of the contract, call by call. It knows the contract alone.
import {
  type AcceptSink,
  type Address,
  type ListenerHandle,
  type ReadSink,
  type Status,
  type StreamHandle,
  type Transport,
  type WrapAccepted,
  wrapListener,
  wrapStream,
  wrapTransport,
} from '@x/core/transport'

/** Wraps a transport; what breaks a law is added to `broken`. */
export function watchLaws(transport: Transport, broken: string[]): Transport {
  let depth = 0
  /** Runs a call; callbacks that come inside it break law 1. */
  const during = <T>(call: () => T): T => {
    depth++
    try {
      return call()
    } finally {
      depth--
    }
  }
  /** A callback that may come once, in a later turn, before the handle's close is done. */
  const expectOnce = <A extends unknown[]>(
    name: string,
    handle: { isGone: boolean },
    done: (...args: A) => void,
  ) => {
    const state = { calls: 0, isRefused: false }
    const callback = (...args: A) => {
      state.calls++
      if (depth > 0) broken.push(`law 1: ${name} calls back inside a call`)
      if (state.isRefused) broken.push(`law 2: ${name} was refused and calls back`)
      if (state.calls > 1) broken.push(`law 3: ${name} calls back ${state.calls} times`)
      if (handle.isGone) broken.push(`law 4: ${name} calls back after close`)
      done(...args)
    }
    return { callback, state }
  }
  const ask = (answer: Status, state: { isRefused: boolean }, mayBeOne = false): Status => {
    if (answer < 0 || (mayBeOne && answer === 1)) state.isRefused = true
    return answer
  }

  const watchStream = (inner: StreamHandle): StreamHandle => {
    const handle = { isGone: false }
    let isReading = false
    const close = (done?: () => void) => {
      const watched = expectOnce('close', { isGone: false }, () => {
        handle.isGone = true
        done?.()
      })
      during(() => inner.close(watched.callback))
    }
    const read = (name: string, isLast: boolean) => {
      if (depth > 0) broken.push(`law 1: ${name} inside a call`)
      if (handle.isGone) broken.push(`law 4: ${name} after close`)
      if (!isReading) broken.push(`law 6 or 7: ${name} while nothing is read`)
      if (isLast) isReading = false
    }
    return wrapStream(inner, {
      connect(to: Address, done: (status: Status) => void) {
        const { callback, state } = expectOnce('connect', handle, done)
        return ask(
          during(() => inner.connect(to, callback)),
          state,
        )
      },
      readStart(sink: ReadSink) {
        const watched: ReadSink = {
          onData(chunk) {
            if (chunk.length === 0) broken.push('an empty read')
            read('data', false)
            sink.onData(chunk)
          },
          onEnd() {
            read('end', true)
            sink.onEnd()
          },
          onError(status) {
            if (status >= 0) broken.push(`a read error of ${status}`)
            read('error', true)
            sink.onError(status)
          },
        }
        const answer = during(() => inner.readStart(watched))
        if (answer >= 0) isReading = true
        return answer
      },
      readStop() {
        isReading = false
        return during(() => inner.readStop())
      },
      write(chunks: readonly Uint8Array[], done: (status: Status) => void) {
        const { callback, state } = expectOnce('write', handle, done)
        return ask(
          during(() => inner.write(chunks, callback)),
          state,
          true,
        )
      },
      shutdown(done: (status: Status) => void) {
        const { callback, state } = expectOnce('shutdown', handle, done)
        return ask(
          during(() => inner.shutdown(callback)),
          state,
        )
      },
      reset(done: () => void) {
        const { callback, state } = expectOnce('reset', { isGone: false }, () => {
          handle.isGone = true
          done()
        })
        return ask(
          during(() => inner.reset(callback)),
          state,
        )
      },
      close,
    })
  }
  const watchListener = (inner: ListenerHandle, wrapAccepted: WrapAccepted): ListenerHandle => {
    const handle = { isGone: false }
    return wrapListener(inner, {
      listen(backlog, accept, done) {
        const { callback, state } = expectOnce('listen', handle, done)
        const watched: AcceptSink = (status, stream) => {
          if (depth > 0) broken.push('law 1: accept inside a call')
          if (handle.isGone) broken.push('law 4: accept after close')
          accept(status, stream && wrapAccepted(stream))
        }
        return ask(
          during(() => inner.listen(backlog, watched, callback)),
          state,
          true,
        )
      },
      close(done?: () => void) {
        const closing = expectOnce('listener close', { isGone: false }, () => {
          handle.isGone = true
          done?.()
        })
        during(() => inner.close(closing.callback))
      },
    })
  }
  return wrapTransport(transport, { wrapStream: watchStream, wrapListener: watchListener })
}
