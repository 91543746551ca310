// Transports that each break one promise of the contract, and the test of the suite that must notice.
import { AsyncResource } from 'node:async_hooks'
import type { ReadSink, Status, StreamHandle } from '@x/core/transport'
import type { Sabotage } from './decorate'

export interface Saboteur {
  /** What is broken, as the end of "notices a transport that ...". */
  readonly name: string
  readonly test: string
  readonly sabotage: Sabotage
  /** The test waits for what never comes; its runner ends it. */
  readonly hangs?: boolean
}

type Done = (status: Status) => void

/** A sink that hands on to another, but for some methods. */
function around(sink: ReadSink, overrides: Partial<ReadSink>): ReadSink {
  return {
    onData: chunk => sink.onData(chunk),
    onEnd: () => sink.onEnd(),
    onError: status => sink.onError(status),
    ...(sink.into && { into: () => sink.into!() }),
    ...overrides,
  }
}

/** Reads with a changed sink. */
function reading(change: (sink: ReadSink, stream: StreamHandle) => Partial<ReadSink>): Sabotage {
  return {
    stream: stream => ({ readStart: sink => stream.readStart(around(sink, change(sink, stream))) }),
  }
}

const once = (call: () => void) => {
  let isOver = false
  return () => {
    if (!isOver) call()
    isOver = true
  }
}

const contextless = new AsyncResource('saboteur')
const outside =
  (done: Done): Done =>
  status =>
    contextless.runInAsyncScope(done, null, status)

export const saboteurs: readonly Saboteur[] = [
  {
    name: 'connects and calls back inside the call',
    test: 'law 1: connect, listen and accept call nobody back inside the call',
    sabotage: {
      stream: stream => ({
        connect(to, done) {
          const answer = stream.connect(to, () => {})
          if (answer === 0) done(0)
          return answer
        },
      }),
    },
  },
  {
    name: 'delivers inside readStart',
    test: 'law 1: readStart delivers nothing inside the call, though bytes and the end wait',
    sabotage: {
      stream: stream => ({
        readStart(sink) {
          sink.onData(Buffer.from('early'))
          return stream.readStart(sink)
        },
      }),
    },
  },
  {
    name: 'calls a queued write back inside the call',
    test: 'law 1: write, shutdown and close call nobody back inside the call',
    sabotage: {
      stream: stream => ({
        write(chunks, done) {
          const answer = stream.write(chunks, () => {})
          if (answer === 0) done(0)
          return answer
        },
      }),
    },
  },
  {
    name: 'refuses a write and calls back nevertheless',
    test: 'law 2: a call that answered below 0 never calls back',
    sabotage: {
      stream: stream => ({
        write(chunks, done) {
          const answer = stream.write(chunks, done)
          if (answer < 0) setImmediate(done, answer)
          return answer
        },
      }),
    },
  },
  {
    name: 'refuses a listen and calls back nevertheless',
    test: 'law 2: a refused listen never calls back',
    sabotage: {
      listener: listener => ({
        listen(backlog, accept, done) {
          const answer = listener.listen(backlog, accept, done)
          if (answer < 0) setImmediate(done, answer)
          return answer
        },
      }),
    },
  },
  {
    name: 'forgets queued writes at close',
    test: 'law 3: close cancels what is pending first, then calls done, once, in a later turn',
    sabotage: {
      stream(stream) {
        let isClosing = false
        return {
          write: (chunks, done) => stream.write(chunks, status => isClosing || done(status)),
          close(done) {
            isClosing = true
            stream.close(done)
          },
        }
      },
    },
  },
  {
    name: 'calls done of close before what it cancels',
    test: 'law 3: close cancels what is pending first, then calls done, once, in a later turn',
    sabotage: {
      stream: stream => ({
        close(done) {
          if (done) queueMicrotask(done)
          stream.close()
        },
      }),
    },
  },
  {
    name: 'calls done of close in the same turn',
    test: 'law 3: close cancels what is pending first, then calls done, once, in a later turn',
    sabotage: {
      stream: stream => ({
        close(done) {
          stream.close()
          if (done) process.nextTick(done)
        },
      }),
    },
  },
  {
    name: "calls done of a listener's close twice",
    test: 'law 3: a listener closes at any time: new, bound, opening, listening, closed',
    sabotage: {
      listener: listener => ({
        close(done) {
          listener.close(done)
          if (done) setImmediate(done)
        },
      }),
    },
  },
  {
    name: 'reads on after its close is done',
    test: 'law 4: nothing calls back after the done of close, though the peer goes on',
    sabotage: {
      stream(stream) {
        let last: ReadSink | null = null
        return {
          readStart(sink) {
            last = sink
            return stream.readStart(sink)
          },
          close(done) {
            stream.close(() => {
              done?.()
              setImmediate(() => last?.onError(-104))
            })
          },
        }
      },
    },
  },
  {
    name: 'sends what the chunk holds later',
    test: 'law 5: chunks belong to the caller again once the write is over',
    sabotage: {
      stream: stream => ({
        write(chunks) {
          setImmediate(() => stream.write(chunks, () => {}))
          return 1
        },
      }),
    },
  },
  {
    name: 'reads into one buffer again and again',
    test: "law 5: bytes that were read are the receiver's, and are not written again",
    sabotage: reading(sink => {
      const shared = Buffer.alloc(65536)
      return {
        onData(chunk) {
          chunk.copy(shared)
          sink.onData(shared.subarray(0, chunk.length))
        },
      }
    }),
  },
  {
    name: 'reads once more after readStop',
    test: 'law 6: after readStop nothing is read until readStart, which then reads all of it',
    sabotage: {
      stream(stream) {
        let extra = 1
        return { readStop: () => (extra-- > 0 ? 0 : stream.readStop()) }
      },
    },
  },
  {
    name: 'tells the end though nobody reads',
    test: 'law 6: a stopped stream hears neither the end nor an error of its peer',
    sabotage: { stream: () => ({ readStop: () => 0 }) },
  },
  {
    name: 'tells the end twice',
    test: 'law 7: the end is told once, and writing goes on',
    sabotage: reading(sink => ({
      onEnd() {
        sink.onEnd()
        setImmediate(() => sink.onEnd())
      },
    })),
  },
  {
    name: 'ends its own side when the peer ends',
    test: 'law 7: the end is told once, and writing goes on',
    sabotage: reading((sink, stream) => ({
      onEnd() {
        stream.shutdown(() => {})
        sink.onEnd()
      },
    })),
  },
  {
    name: 'reads accepted streams before they are asked to',
    test: 'law 8: an accepted stream delivers nothing before its readStart, and then all of it',
    sabotage: {
      stream(stream, isAccepted) {
        if (isAccepted) stream.readStart({ onData() {}, onEnd() {}, onError() {} })
        return {}
      },
    },
  },
  {
    name: "calls back without the caller's context",
    test: 'law 12: callbacks of a stream see the store in which it was made and asked',
    sabotage: {
      stream: stream => ({
        write: (chunks, done) => stream.write(chunks, outside(done)),
        shutdown: done => stream.shutdown(outside(done)),
      }),
    },
  },
  {
    name: "connects without the caller's context",
    test: 'law 12: connect, listen and accept see the store of their call, whoever is on the other side',
    sabotage: { stream: stream => ({ connect: (to, done) => stream.connect(to, outside(done)) }) },
  },
  {
    name: 'says that all was sent while it is queued',
    test: 'a write that the system does not take is called back once, when the last byte is with it',
    sabotage: {
      stream: stream => ({
        write(chunks) {
          const answer = stream.write(chunks, () => {})
          return answer < 0 ? answer : 1
        },
      }),
    },
  },
  {
    name: 'swaps two chunks of a write',
    test: 'several chunks of one write arrive in order: few, thousands, empty ones, none',
    sabotage: { stream: stream => ({ write: (chunks, done) => stream.write(chunks.toReversed(), done) }) },
  },
  {
    name: 'loses one byte of 64 MB',
    test: '64 MB each way at once arrive whole, with no more memory than the buffers',
    sabotage: {
      stream(stream) {
        let writes = 0
        return {
          write(chunks, done) {
            const isLossy = ++writes === 100
            return stream.write(isLossy ? [chunks[0]!.subarray(1)] : chunks, done)
          },
        }
      },
    },
  },
  {
    name: 'keeps every byte that it read',
    test: '64 MB each way at once arrive whole, with no more memory than the buffers',
    sabotage: reading(sink => {
      const kept: Buffer[] = []
      return {
        onData(chunk) {
          kept.push(chunk)
          sink.onData(chunk)
        },
      }
    }),
  },
  {
    name: 'tells a reset as an end',
    test: 'reset is ECONNRESET to a reading TCP peer, told once, and its done comes once',
    sabotage: reading(sink => ({ onError: once(() => sink.onEnd()) })),
  },
  {
    name: 'lets a listener take a taken address',
    test: 'a taken address is EADDRINUSE, from bind or from listen, and is free again after close',
    sabotage: {
      listener: listener => ({
        listen: (backlog, accept, done) => listener.listen(backlog, accept, () => done(0)),
      }),
    },
  },
  {
    name: 'closes accepted streams with their listener',
    test: 'closing leaves accepted streams alone and refuses new ones',
    hangs: true,
    sabotage: {
      listener(listener) {
        const accepted: StreamHandle[] = []
        return {
          listen: (backlog, accept, done) =>
            listener.listen(
              backlog,
              (status, stream) => {
                if (stream) accepted.push(stream)
                accept(status, stream)
              },
              done,
            ),
          close(done) {
            for (const stream of accepted) stream.close()
            listener.close(done)
          },
        }
      },
    },
  },
]
