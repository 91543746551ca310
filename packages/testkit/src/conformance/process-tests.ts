// What takes a process of its own: laws 10 and 11, running out of descriptors, a peer that is killed.
import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { type Address, type StreamHandle, UV_EACCES, UV_ECONNRESET, UV_EMFILE } from '@x/core/transport'
import { type Bed, outcome, settle } from './bed'
import { ChildRun } from './child-run'
import { Reader } from './reader'
import type { ConformanceTest } from './test-case'

const inProcess = { once: true, system: true, process: true } as const

export const processTests: readonly ConformanceTest[] = [
  {
    name: 'law 10: referenced handles keep a process, and unreferenced ones let it end',
    ...inProcess,
    async run(bed) {
      const child = ChildRun.start(bed, 'holds')
      await child.next('held')
      assert.deepEqual(await child.exit, { code: 0, signal: null })
    },
  },
  {
    name: 'law 11: a listener that throws costs no other connection its events, nor itself the next',
    ...inProcess,
    async run(bed) {
      const child = ChildRun.start(bed, 'throws')
      const { counts } = await child.next('thrown')
      // Ten at their first bytes, one in accept, twenty in the done of close.
      assert.deepEqual(counts, { uncaught: 31, accepted: 20, answered: 20, ended: 20, closed: 20 })
      assert.deepEqual(await child.exit, { code: 0, signal: null })
    },
  },
  {
    name: 'goes on while timers and ticks of the process are replaced, which callbacks see and it does not',
    ...inProcess,
    variants: ['tcp4', 'path'],
    async run(bed) {
      const child = ChildRun.start(bed, 'timeless')
      assert.deepEqual(await child.next('conversed'), { event: 'conversed', strays: 0 })
      assert.deepEqual(await child.exit, { code: 0, signal: null })
    },
  },
  {
    name: 'running out of descriptors is told once each time, and accepting goes on afterwards',
    ...inProcess,
    variants: ['tcp4', 'path'],
    async run(bed) {
      const { child, at } = await narrowServer(bed)
      for (const times of [1, 2]) {
        await fill(child)
        const waiting = Array.from({ length: 5 }, () => bed.stream(bed.peer))
        await Promise.all(waiting.map(stream => outcome(done => stream.connect(at, done))))
        assert.deepEqual(await child.next('short'), { event: 'short', status: UV_EMFILE, times })
        child.send('free')
        await greet(await bed.connect(bed.peer, at))
        assert.equal(child.unasked('short'), 0)
      }
    },
  },
  {
    name: 'running out of descriptors loses nothing of the backlog',
    ...inProcess,
    variants: ['tcp4', 'path'],
    async run(bed) {
      const { child, at } = await narrowServer(bed)
      await greet(await bed.connect(bed.peer, at))
      await fill(child)
      const waiting = await Promise.all(Array.from({ length: 15 }, () => bed.connect(bed.peer, at)))
      const isShort = child.next('short').then(() => child.send('free'))
      await Promise.all([isShort, ...waiting.map(greet)])
    },
  },
  {
    name: 'once there are descriptors again, connections are accepted again',
    ...inProcess,
    variants: ['tcp4', 'path'],
    async run(bed) {
      const { child, at } = await narrowServer(bed)
      await fill(child)
      await Promise.all(
        Array.from({ length: 5 }, () => outcome(done => bed.stream(bed.peer).connect(at, done))),
      )
      child.send('free')
      await child.next('freed')
      await greet(await bed.connect(bed.peer, at))
    },
  },
  {
    name: 'a path of another user is EACCES to connect to, and its folder EACCES to listen in',
    ...inProcess,
    variants: ['path'],
    async run(bed) {
      if (process.getuid?.() !== 0) bed.skip('only root can become another user')
      // The folder lets others through and keeps its files; the socket lets nobody else in.
      chmodSync(bed.folder(), 0o755)
      const { at } = await bed.listen(bed.peer, () => assert.fail('a stranger connected'), bed.address(), {
        mode: 0o600,
      })
      const child = ChildRun.start(bed, 'stranger', { at })
      const { connect, listen } = await child.next('refused')
      assert.deepEqual([connect, listen], [UV_EACCES, UV_EACCES])
    },
  },
  {
    name: 'a peer that is killed is the end or a reset, told once, and the listener goes on',
    system: true,
    process: true,
    async run(bed) {
      if (bed.role === 'connects') await killedServer(bed)
      else await killedClient(bed)
    },
  },
]

/** A server in a process that may have 60 descriptors. */
async function narrowServer(bed: Bed): Promise<{ child: ChildRun; at: Address }> {
  const child = ChildRun.start(bed, 'serves', { descriptors: 60 })
  const { at } = await child.next('listening')
  return { child, at }
}

/** Leaves it none. */
async function fill(child: ChildRun): Promise<void> {
  child.send('fill')
  await child.next('full')
}

/** Sends a greeting and waits for its echo. */
async function greet(stream: StreamHandle): Promise<void> {
  const reader = new Reader()
  stream.readStart(reader)
  stream.write([Buffer.from('hello')], () => {})
  await reader.whenSize(5)
}

async function killedServer(bed: Bed): Promise<void> {
  const child = ChildRun.start(bed, 'serves', { isPeer: true })
  const { at } = await child.next('listening')
  const stream = await bed.connect(bed.subject, at)
  await greet(stream)
  const reader = new Reader()
  stream.readStart(reader)
  child.send('die')
  await reader.whenOver()
  await settle()
  assertOver(reader)
  assert.equal((await child.exit).signal, 'SIGKILL')
}

async function killedClient(bed: Bed): Promise<void> {
  const readers: Reader[] = []
  let another = () => {}
  const { at } = await bed.listen(bed.subject, (_status, stream) => {
    if (stream === null) return
    const reader = new Reader()
    bed.own(stream).readStart(reader)
    readers.push(reader)
    another()
  })
  const child = ChildRun.start(bed, 'connects', { isPeer: true, at })
  await child.next('connected')
  const [reader] = readers
  assert.ok(reader !== undefined)
  await reader.whenSize(5)
  child.send('die')
  await reader.whenOver()
  await settle()
  assertOver(reader)
  const accepted = new Promise<void>(resolve => {
    another = resolve
  })
  await bed.connect(bed.peer, at)
  await accepted
}

function assertOver(reader: Reader): void {
  assert.equal(reader.ends + reader.errors.length, 1)
  if (reader.errors.length > 0) assert.deepEqual(reader.errors, [UV_ECONNRESET])
}
