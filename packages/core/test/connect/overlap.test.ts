// Races whose attempts overlap (RFC 8305 5).
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BlockList, connect, createServer, type Socket } from '../../src'
import { Race, type RaceWatcher } from '../../src/connect/race'
import { UV_ECONNREFUSED } from '../../src/errors/errno'
import type { Clock, StreamHandle, TcpAddress, Transport } from '../../src/transport/contract'
import { loadNative } from '../../src/transport/native'
import { transports } from '../bed'

/** A network of attempts whose outcomes a test tells, and the time. */
class Track {
  nowMs = 0
  readonly streams: {
    to: TcpAddress | null
    isOpen: boolean
    startedAt: number
    settle(status: number): void
  }[] = []
  #timers: { at: number; callback: () => void }[] = []

  readonly clock: Clock = {
    now: () => this.nowMs,
    setTimeout: (callback, ms) => {
      const timer = { at: this.nowMs + ms, callback, refresh() {}, ref() {}, unref() {} }
      this.#timers.push(timer)
      return timer
    },
    clearTimeout: timer => {
      this.#timers = this.#timers.filter(each => each !== (timer as unknown))
    },
  }

  readonly transport = {
    name: 'track',
    clock: this.clock,
    stream: () => {
      const entry = {
        to: null as TcpAddress | null,
        isOpen: true,
        startedAt: this.nowMs,
        settle: (_: number) => {},
      }
      this.streams.push(entry)
      return {
        connect: (to: TcpAddress, done: (status: number) => void) => {
          entry.to = to
          entry.settle = status => {
            // As law 3 has it: nothing is told of what is closed.
            if (entry.isOpen) done(status)
          }
          return 0
        },
        close: () => {
          entry.isOpen = false
        },
        sockname: () => -1,
        ref() {},
        unref() {},
      } as unknown as StreamHandle
    },
  } as unknown as Transport

  /** Moves to the next timer; false where there is none. */
  advance(): boolean {
    const [next] = this.#timers.sort((a, b) => a.at - b.at)
    if (next === undefined) return false
    this.#timers.shift()
    this.nowMs = next.at
    next.callback()
    return true
  }
}

const target = (last: number): TcpAddress => ({ family: 'IPv4', address: `127.0.0.${last}`, port: 1 })

function race(track: Track, count: number, watcher: Partial<RaceWatcher> = {}, blockList?: BlockList) {
  const over: (Error | StreamHandle | null)[] = []
  const targets = Array.from({ length: count }, (_, at) => target(at + 1))
  const plan = { transport: track.transport, targets, attemptTimeoutMs: 100, overlaps: true, blockList }
  const made = new Race(plan, {
    attempt() {},
    failed() {},
    timedOut: () => expect.unreachable(),
    over: (error, stream) => {
      over.push(error ?? stream)
      if (error !== null) stream?.close()
    },
    ...watcher,
  })
  made.start()
  return { made, over }
}

const open = (track: Track): number => track.streams.filter(stream => stream.isOpen).length

describe('a race whose attempts overlap', () => {
  it('[E7] starts one attempt after the other, and closes those that lose', () => {
    const track = new Track()
    const { over } = race(track, 3)
    track.advance()
    track.advance()
    expect(track.streams.map(({ startedAt }) => startedAt)).toEqual([0, 100, 200])
    expect(open(track)).toBe(3)
    track.streams[0]!.settle(0)
    expect(over).toHaveLength(1)
    expect(track.streams.map(({ isOpen }) => isOpen)).toEqual([true, false, false])
    expect(track.advance()).toBe(false)
  })

  it('[E7] starts the next attempt at once where the newest fails', () => {
    const track = new Track()
    race(track, 3)
    track.advance()
    track.streams[1]!.settle(UV_ECONNREFUSED)
    expect(track.streams.map(({ startedAt }) => startedAt)).toEqual([0, 100, 100])
  })

  it('[E7] waits for what is under way where the rest is blocked', () => {
    const track = new Track()
    const blockList = new BlockList()
    blockList.addAddress('127.0.0.2')
    const { over } = race(track, 2, {}, blockList)
    track.advance()
    expect(over).toEqual([])
    track.streams[0]!.settle(0)
    expect(over).toHaveLength(1)
    expect(open(track)).toBe(1)
  })

  it('[E7] is over once, with one stream open or none, in random cases', () => {
    let seed = 1
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31
      return (seed >> 8) % below
    }
    for (let round = 0; round < 3000; round++) {
      const track = new Track()
      const count = 1 + random(5)
      let failures = 0
      const { made, over } = race(track, count, {
        failed() {
          failures++
          // Any listener may give up.
          if (random(20) === 0) made.cancel()?.close()
        },
      })
      let isCancelled = false
      for (let step = 0; step < 60 && over.length === 0 && !isCancelled; step++) {
        const pending = track.streams.filter(stream => stream.isOpen && stream.to !== null)
        const what = random(10)
        if (what < 4) track.advance()
        else if (what < 9 && pending.length > 0) {
          const stream = pending[random(pending.length)]!
          stream.settle(random(4) === 0 ? 0 : UV_ECONNREFUSED)
          stream.to = null
        } else if (random(8) === 0) {
          made.cancel()?.close()
          isCancelled = true
        }
      }
      expect(over.length).toBeLessThanOrEqual(1)
      const [result] = over
      const isWon = result !== undefined && !(result instanceof Error)
      if (over.length === 1) expect(open(track)).toBe(isWon ? 1 : 0)
      if (result instanceof Error) {
        const errors = (result as AggregateError).errors ?? [result]
        expect(errors).toHaveLength(count)
        expect(failures).toBe(count)
      }
      if (isCancelled) expect(open(track)).toBe(0)
      expect(track.advance() && over.length === 1).toBe(false)
    }
  })
})

const native = loadNative().transport

/** An address whose connections wait: it listens, accepts nobody, and its backlog is full. */
async function stalledPort(): Promise<number> {
  const server = createServer({ transport: native! }).pauseAccept()
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 })
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  // Linux keeps one more than it is told.
  const fillers = [1, 2].map(() => connect({ port, host: '127.0.0.1', transport: native! }))
  onTestFinished(() => {
    for (const filler of fillers) filler.destroy()
    server.close()
  })
  await Promise.all(fillers.map(filler => once(filler, 'connect')))
  return port
}

describe.runIf(native !== null).each(transports)(
  'Happy Eyeballs that overlap, on the $name transport',
  transport => {
    function dial(
      port: number,
      addresses: string[],
      more: object = {},
    ): { socket: Socket; events: string[] } {
      const socket = connect({
        port,
        host: 'several.example',
        transport,
        autoSelectFamilyAttemptTimeout: 20,
        autoSelectFamilyOverlap: true,
        lookup: (_, __, callback) => {
          const answers = addresses.map(address => ({ address, family: 4 }))
          setImmediate(callback, null, answers)
        },
        ...more,
      })
      onTestFinished(() => void socket.destroy())
      const events: string[] = []
      for (const event of [
        'connectionAttempt',
        'connectionAttemptFailed',
        'connectionAttemptTimeout',
        'connect',
      ] as const)
        socket.on(
          event as 'connect',
          (...args: unknown[]) => void events.push(`${event} ${args[0] ?? ''}`.trim()),
        )
      return { socket, events }
    }

    it('[E7] connect to the address that answers while another is silent', async () => {
      const port = await stalledPort()
      const server = createServer({ transport }, socket => socket.end('here'))
      onTestFinished(() => void server.close())
      server.listen(port, '127.0.0.2')
      await once(server, 'listening')
      const { socket, events } = dial(port, ['127.0.0.1', '127.0.0.2'])
      const [data] = await once(socket, 'data')
      expect(String(data)).toBe('here')
      expect(socket.remoteAddress).toBe('127.0.0.2')
      expect(events).toEqual(['connectionAttempt 127.0.0.1', 'connectionAttempt 127.0.0.2', 'connect'])
      expect(socket.autoSelectFamilyAttemptedAddresses).toEqual([`127.0.0.1:${port}`, `127.0.0.2:${port}`])
    })

    it('[E7] are given up by an abort, all of them', async () => {
      const port = await stalledPort()
      const abort = new AbortController()
      const { socket, events } = dial(port, ['127.0.0.1', '127.0.0.2'], { signal: abort.signal })
      socket.on('connectionAttemptFailed', () => abort.abort())
      const [error] = await once(socket, 'error')
      expect(error).toMatchObject({ code: 'ABORT_ERR' })
      if (!socket.closed) await once(socket, 'close')
      expect(events).toEqual([
        'connectionAttempt 127.0.0.1',
        'connectionAttempt 127.0.0.2',
        'connectionAttemptFailed 127.0.0.2',
      ])
    })

    it('[E7] refuse a wrong option', () => {
      const options = { port: 1, autoSelectFamilyOverlap: 'yes' as unknown as boolean }
      expect(() => connect(options)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
    })
  },
)
