// Random calls of the contract, from a seed, on both ends of connections between native and portable: the laws are watched at
// each call and callback, every byte is compared, and at the end nothing may be lost, pending or open.
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type {
  Address,
  HandleKind,
  ReadSink,
  Status,
  StreamHandle,
  Transport,
} from '../../src/transport/contract'
import { transports } from '../bed'

const turn = () => new Promise(resolve => setImmediate(resolve))

class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = Math.imul(seed, 2654435761) >>> 0
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0
    return Math.floor((this.#state / 2 ** 32) * limit)
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }
}

/** The byte at a place of every stream. */
const byteAt = (place: number) => (place * 31) % 251

class End {
  readonly stream: StreamHandle
  readonly name: string
  readonly #chance: Chance
  readonly #broken: string[]
  sent = 0
  received = 0
  /** What reading ended with. */
  over: string | null = null
  isShut = false
  isClosing = false
  isClosed = false
  isReading = false
  /** A write was refused: what the counters say is open. */
  hasRefused = false
  #inCall = 0

  constructor(stream: StreamHandle, name: string, chance: Chance, broken: string[]) {
    this.stream = stream
    this.name = name
    this.#chance = chance
    this.#broken = broken
  }

  #note(what: string): void {
    this.#broken.push(`${this.name}: ${what}`)
  }

  #call<T>(act: () => T): T {
    this.#inCall++
    try {
      return act()
    } finally {
      this.#inCall--
    }
  }

  /** Watches laws 1 to 4 over one operation. */
  #operation(what: string, start: (done: () => void) => Status, then = () => {}): Status {
    let calls = 0
    let isRefused = false
    const status = this.#call(() =>
      start(() => {
        if (this.#inCall > 0) this.#note(`law 1: ${what} calls back inside a call`)
        if (isRefused) this.#note(`law 2: ${what} was refused, and calls back`)
        if (++calls > 1) this.#note(`law 3: ${what} calls back twice`)
        if (this.isClosed) this.#note(`law 4: ${what} calls back after the close was told`)
        then()
      }),
    )
    isRefused = status !== 0
    return status
  }

  write(size: number): void {
    const chunks: Buffer[] = []
    for (let made = 0; made < size; ) {
      const length = Math.min(size - made, 1 + this.#chance.below(70_000))
      const start = this.sent + made
      chunks.push(Buffer.from(Uint8Array.from({ length }, (_, index) => byteAt(start + index))))
      made += length
    }
    const status = this.#operation('write', done => this.stream.write(chunks, done))
    if (status < 0) this.hasRefused = true
    else if (this.isClosing) this.#note(`a write after close answers ${status}`)
    else this.sent += size
    this.#checkCounters()
  }

  #checkCounters(): void {
    if (this.isClosing) return
    const { bytesRead, bytesWritten, writeQueueSize } = this.stream
    if (bytesRead !== this.received) this.#note(`bytesRead is ${bytesRead} of ${this.received}`)
    if (!this.hasRefused && bytesWritten + writeQueueSize !== this.sent)
      this.#note(`bytesWritten ${bytesWritten} and ${writeQueueSize} queued of ${this.sent}`)
  }

  read(): void {
    const into = this.#chance.below(5) === 0 ? Buffer.alloc(1 + this.#chance.below(5000)) : null
    const sink: ReadSink = {
      onData: chunk => {
        this.#heard('bytes')
        if (chunk.length === 0) this.#note('an empty chunk')
        const wrong = chunk.findIndex((byte, index) => byte !== byteAt(this.received + index))
        if (wrong >= 0) this.#note(`another byte than was sent at ${this.received + wrong}`)
        this.received += chunk.length
        if (this.#chance.below(10) === 0) this.stop()
        else if (this.#chance.below(40) === 0) this.close()
      },
      onEnd: () => this.#ended('end'),
      onError: status => this.#ended(`error ${status}`),
      ...(into && { into: () => into }),
    }
    const was = this.isReading
    this.isReading = true
    const status = this.#call(() => this.stream.readStart(sink))
    if (status < 0) this.isReading = was && !this.isClosing
    if (this.isClosing && status >= 0) this.#note(`readStart after close answers ${status}`)
  }

  #ended(how: string): void {
    this.#heard(how)
    if (this.over !== null) this.#note(`law 7: over twice: ${this.over}, ${how}`)
    this.isReading = false
    this.over = how
  }

  #heard(what: string): void {
    if (this.#inCall > 0) this.#note(`law 1: ${what} inside a call`)
    if (this.isClosing) this.#note(`law 4: ${what} after close`)
    if (!this.isReading) this.#note(`law 6: ${what} while reading is stopped`)
  }

  stop(): void {
    const status = this.#call(() => this.stream.readStop())
    this.isReading = false
    if (this.isClosing && status >= 0) this.#note(`readStop after close answers ${status}`)
  }

  shutdown(): void {
    if (this.#operation('shutdown', done => this.stream.shutdown(done)) >= 0) this.isShut = true
  }

  close(): void {
    this.isClosing = true
    this.isReading = false
    // Each call is answered, the first one first.
    this.#call(() =>
      this.stream.close(() => {
        if (this.#inCall > 0) this.#note('law 1: close calls back inside a call')
        this.isClosed = true
      }),
    )
  }

  reset(): void {
    const wasClosing = this.isClosing
    const status = this.#call(() =>
      this.stream.reset(() => {
        this.isClosed = true
      }),
    )
    if (wasClosing && status >= 0) this.#note(`reset after close answers ${status}`)
    if (status < 0) return
    this.isClosing = true
    this.isReading = false
  }

  look(): void {
    this.#call(() => {
      this.stream.sockname()
      this.stream.peername()
      this.stream.setOption({ name: 'noDelay', enable: true })
      this.stream.unref()
      this.stream.ref()
    })
  }
}

interface Place {
  readonly kind: HandleKind
  readonly client: Transport
  readonly server: Transport
}

async function connected(
  { kind, client, server }: Place,
  file: string,
): Promise<[StreamHandle, StreamHandle, () => void]> {
  const listener = server.listener(kind)
  const at: Address = kind === 'tcp' ? { family: 'IPv4', address: '127.0.0.1', port: 0 } : { path: file }
  expect(listener.bind(at)).toBeGreaterThanOrEqual(0)
  let isListening = false
  const accepted = new Promise<StreamHandle>(resolve => {
    const status = listener.listen(
      5,
      (_status, stream) => stream && resolve(stream),
      () => {
        isListening = true
      },
    )
    expect(status).toBeGreaterThanOrEqual(0)
    if (status > 0) isListening = true
  })
  while (!isListening) await turn()
  const stream = client.stream(kind)
  const status = await new Promise<Status>(resolve => {
    const answer = stream.connect(listener.sockname() as Address, resolve)
    if (answer < 0) resolve(answer)
  })
  expect(status).toBe(0)
  return [stream, await accepted, () => listener.close()]
}

const sizes = [0, 1, 10, 100, 3000, 70_000, 300_000]

function act(end: End, chance: Chance): void {
  const choice = chance.below(1000)
  if (choice < 350) end.write(chance.pick(sizes))
  else if (choice < 600) end.read()
  else if (choice < 720) end.stop()
  else if (choice < 790) end.shutdown()
  else if (choice < 810) end.close()
  else if (choice < 825) end.reset()
  else end.look()
}

/** What broke. */
async function play(seed: number): Promise<string[]> {
  const chance = new Chance(seed)
  const broken: string[] = []
  const place = {
    kind: chance.pick(['tcp', 'pipe'] as const),
    client: chance.pick(transports),
    server: chance.pick(transports),
  }
  const file = path.join(tmpdir(), `x-calls-${process.pid}-${seed}`)
  const [one, other, closeListener] = await connected(place, file)
  const ends = [
    new End(one, `client on ${place.client.name}`, chance, broken),
    new End(other, `server on ${place.server.name}`, chance, broken),
  ] as const
  for (let left = 5 + chance.below(60); left > 0; left--) {
    act(chance.pick(ends), chance)
    if (chance.below(5) === 0) for (let turns = 1 + chance.below(4); turns > 0; turns--) await turn()
  }
  // Each end that is open ends, and reads what has come to its end.
  for (const end of ends) if (!end.isClosing && !end.isShut) end.shutdown()
  const isDone = (end: End) => end.isClosing || end.over !== null
  while (!ends.every(isDone)) {
    for (const end of ends) if (!isDone(end) && !end.isReading) end.read()
    await turn()
  }
  const [client, server] = ends
  if (ends.every(end => end.over === 'end' && !end.hasRefused)) {
    expect([client.received, server.received]).toEqual([server.sent, client.sent])
  }
  for (const end of ends) end.close()
  while (!ends.every(end => end.isClosed)) await turn()
  closeListener()
  rmSync(file, { force: true })
  return broken
}

describe('random calls of the contract', () => {
  it.each(Array.from({ length: 12 }, (_, index) => index * 1000))(
    'keep the laws, seeds from %i',
    async first => {
      const broken: string[] = []
      for (let seed = first; seed < first + 20; seed++) {
        for (const what of await play(seed)) broken.push(`seed ${seed}, ${what}`)
      }
      expect(broken).toEqual([])
    },
  )
})
