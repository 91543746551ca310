// What the other process of a test does. Each scenario stands by itself; none asserts, all report.
import { closeSync, openSync } from 'node:fs'
import type { Address, ReadSink, Status, StreamHandle, Transport } from '@x/core/transport'
import { closed, outcome } from './bed'
import type { ChildInput, FromChild, Scenario, ToChild } from './child-messages'
import { exchange } from './exchange'
import { Reader } from './reader'
import { replaceGlobals } from './replaced-globals'
import { kindOf } from './variant'

interface Stage {
  readonly subject: Transport
  readonly peer: Transport
  readonly input: ChildInput
  readonly tell: (message: FromChild) => void
  readonly hear: (listener: (message: ToChild) => void) => void
}

export const scenarios: Readonly<Record<Scenario, (stage: Stage) => Promise<void>>> = {
  holds,
  throws,
  serves,
  connects,
  adopts,
  stranger,
  timeless,
}

const silent: ReadSink = { onData() {}, onEnd() {}, onError() {} }

async function listen(stage: Stage, accept: (stream: StreamHandle | null, status: Status) => void) {
  const listener = stage.subject.listener(kindOf(stage.input.variant))
  const bound = listener.bind(stage.input.at)
  const status =
    bound < 0
      ? bound
      : await outcome(done => listener.listen(511, (told, stream) => accept(stream, told), done))
  const at = listener.sockname()
  if (status < 0 || typeof at === 'number') throw new Error(`listen: ${status}`)
  return { listener, at }
}

async function connect(transport: Transport, stage: Stage, at: Address): Promise<StreamHandle> {
  const stream = transport.stream(kindOf(stage.input.variant))
  const status = await outcome(done => stream.connect(at, done))
  if (status < 0) throw new Error(`connect: ${status}`)
  return stream
}

// A whole life of connections while timers and ticks are replaced. `strays`: callbacks that saw the host's nextTick.
async function timeless(stage: Stage): Promise<void> {
  const globals = replaceGlobals()
  let strays = 0
  const heard = () => {
    if (!globals.areReplaced()) strays++
  }
  let accepted = (_stream: StreamHandle) => {}
  const { listener, at } = await listen(stage, stream => {
    heard()
    if (stream !== null) accepted(stream)
  })
  const pair = async (): Promise<[StreamHandle, StreamHandle]> => {
    const accepting = new Promise<StreamHandle>(resolve => {
      accepted = resolve
    })
    return [await connect(stage.peer, stage, at), await accepting]
  }
  const [near, far] = await pair()
  await exchange(near, far, 300_000, heard)
  const [resetting, hearing] = await pair()
  const reader = new Reader(heard)
  hearing.readStart(reader)
  await outcome(done => resetting.reset(() => done(1)))
  await reader.whenOver()
  await Promise.all([near, far, hearing, listener].map(closed))
  const refused = stage.subject.stream(kindOf(stage.input.variant))
  if ((await outcome(done => refused.connect(at, done))) >= 0)
    throw new Error('nobody listens, and it connected')
  const cancelled = stage.subject.stream(kindOf(stage.input.variant))
  const connecting = outcome(done => cancelled.connect(at, done))
  await Promise.all([closed(refused), closed(cancelled), connecting])
  globals.putBack()
  stage.tell({ event: 'conversed', strays })
}

// Referenced handles keep this process until the timer, which does not; then they are unreferenced, and it must end.
async function holds(stage: Stage): Promise<void> {
  const handles: { unref(): void }[] = []
  let accepted = () => {}
  const isAccepted = new Promise<void>(resolve => {
    accepted = resolve
  })
  const { listener, at } = await listen(stage, stream => {
    if (stream === null) return
    handles.push(stream)
    stream.readStart(silent)
    accepted()
  })
  const stream = await connect(stage.subject, stage, at)
  stream.readStart(silent)
  handles.push(listener, stream)
  await isAccepted
  setTimeout(() => {
    stage.tell({ event: 'held' })
    for (const handle of handles) handle.unref()
  }, 50).unref()
}

// Twenty connections, whose bytes come in one turn. Those of even number throw at their first bytes.
async function throws(stage: Stage): Promise<void> {
  const counts: Record<string, number> = { uncaught: 0, accepted: 0, answered: 0, ended: 0, closed: 0 }
  const count = (what: string) => {
    counts[what] = (counts[what] ?? 0) + 1
    return counts[what]
  }
  process.on('uncaughtException', () => count('uncaught'))
  const { listener, at } = await listen(stage, stream => {
    if (stream === null) return
    const number = count('accepted')
    stream.readStart(faultyServer(stream, number, () => count('ended')))
    if (number === 3) throw new Error('in accept')
  })
  const streams = await Promise.all(Array.from({ length: 20 }, () => connect(stage.peer, stage, at)))
  const answered = streams.map(stream => answer(stream, () => count('answered')))
  for (const stream of streams) stream.write([Buffer.from('a')], () => {})
  await new Promise(resolve => setImmediate(resolve))
  for (const stream of streams) stream.write([Buffer.from('b')], () => {})
  await Promise.all(answered)
  const all = streams.map(
    stream =>
      new Promise<void>(resolve => {
        stream.close(() => {
          count('closed')
          resolve()
          throw new Error('in the done of close')
        })
      }),
  )
  await Promise.all(all)
  await closed(listener)
  stage.tell({ event: 'thrown', counts })
  process.disconnect?.()
}

function faultyServer(stream: StreamHandle, number: number, ended: () => void): ReadSink {
  let reads = 0
  let bytes = ''
  return {
    onData(chunk) {
      bytes += chunk
      if (bytes.includes('b')) stream.write([Buffer.from('ok')], () => {})
      if (++reads === 1 && number % 2 === 0) throw new Error('in onData')
    },
    onEnd() {
      ended()
      stream.close()
    },
    onError: () => stream.close(),
  }
}

/** When the stream has read `ok`. */
function answer(stream: StreamHandle, told: () => void): Promise<void> {
  return new Promise(resolve => {
    let bytes = ''
    stream.readStart({
      ...silent,
      onData(chunk) {
        bytes += chunk
        if (bytes !== 'ok') return
        told()
        resolve()
      },
    })
  })
}

/** Echoes, until it is told to die; takes and gives back all descriptors when asked. */
async function serves(stage: Stage): Promise<void> {
  let times = 0
  const fillers: number[] = []
  const { at } = await listen(stage, (stream, status) => {
    if (stream === null) stage.tell({ event: 'short', status, times: ++times })
    else stream.readStart(echo(stream))
  })
  stage.hear(message => {
    if (message === 'die') process.kill(process.pid, 'SIGKILL')
    else if (message === 'fill') fill(fillers, stage)
    else {
      for (const fd of fillers.splice(0)) closeSync(fd)
      stage.tell({ event: 'freed' })
    }
  })
  stage.tell({ event: 'listening', at })
}

function fill(fillers: number[], stage: Stage): void {
  try {
    for (;;) fillers.push(openSync('/dev/null', 'r'))
  } catch {
    stage.tell({ event: 'full', descriptors: fillers.length })
  }
}

function echo(stream: StreamHandle): ReadSink {
  return {
    onData: chunk => void stream.write([chunk], () => {}),
    onEnd: () => void stream.shutdown(() => stream.close()),
    onError: () => stream.close(),
  }
}

/** Connects, sends its hello, and waits to be told to die. */
async function connects(stage: Stage): Promise<void> {
  const stream = await connect(stage.subject, stage, stage.input.at)
  stream.readStart(silent)
  stream.write([Buffer.from('hello')], () => {})
  stage.hear(message => {
    if (message === 'die') process.kill(process.pid, 'SIGKILL')
  })
  stage.tell({ event: 'connected' })
}

async function adopts(stage: Stage): Promise<void> {
  const stream = stage.subject.adopt(4, 'stream')
  if (typeof stream === 'number') throw new Error(`adopt: ${stream}`)
  stream.readStart(echo(stream))
  stage.tell({ event: 'connected' })
}

// As a user without rights: what comes of connecting to a path of another's, and of listening beside it.
async function stranger(stage: Stage): Promise<void> {
  const { at } = stage.input
  if (!('path' in at)) throw new Error('a path is needed')
  process.setgid?.(65534)
  process.setuid?.(65534)
  const connected = await outcome(done => stage.subject.stream('pipe').connect(at, done))
  const listener = stage.subject.listener('pipe')
  const bound = listener.bind({ path: `${at.path}.mine` })
  const listening = bound < 0 ? bound : await outcome(done => listener.listen(1, () => {}, done))
  stage.tell({ event: 'refused', connect: connected, listen: listening })
  await closed(listener)
}
