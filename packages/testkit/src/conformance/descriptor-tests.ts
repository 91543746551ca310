// Descriptors: taken over, given away, sent (law 9), and the peer's process behind a local connection.
import assert from 'node:assert/strict'
import { closeSync, fstatSync, openSync } from 'node:fs'
import path from 'node:path'
import {
  type HandoffChannel,
  isTcpAddress,
  type Status,
  type StreamHandle,
  type Transport,
  UV_EBADF,
} from '@x/core/transport'
import { adopted } from './adopted'
import { type Bed, closed, outcome, settle } from './bed'
import { pattern } from './bytes'
import { ChildRun } from './child-run'
import { exchange } from './exchange'
import { has } from './needs'
import { Reader } from './reader'
import type { ConformanceTest } from './test-case'

/** Whichever of the two transports shows its descriptors. */
function donor(bed: Bed): Transport {
  const found = [bed.subject, bed.peer].find(transport => has(transport, 'descriptors'))
  return found ?? bed.skip(`neither ${bed.subject.name} nor ${bed.peer.name} shows a descriptor to take over`)
}

function released(handle: { release(): number }): number {
  const fd = handle.release()
  assert.ok(fd >= 0, `release answered ${fd}`)
  return fd
}

function isOpen(fd: number): boolean {
  try {
    fstatSync(fd)
    return true
  } catch {
    return false
  }
}

export const descriptorTests: readonly ConformanceTest[] = [
  {
    name: 'a connection that another handle gave away goes on in the one that adopts it, and is closed by it',
    needs: ['adopt'],
    once: true,
    system: true,
    async run(bed) {
      const giver = donor(bed)
      const { at } = await bed.listen(giver, (_status, stream) => {
        if (stream) accepted(stream)
      })
      let accepted = (_stream: StreamHandle) => {}
      const accepting = new Promise<StreamHandle>(resolve => {
        accepted = resolve
      })
      const far = await bed.connect(bed.peer, at)
      const given = await accepting
      const peername = given.peername()
      const fd = released(given)
      const stream = adopted<StreamHandle>(bed, bed.subject.adopt(fd, 'stream'))
      assert.equal(stream.kind, bed.kind)
      if (bed.kind === 'tcp') assert.deepEqual(stream.peername(), peername)
      await exchange(stream, far, 300_000)
      await closed(stream)
      assert.ok(!isOpen(fd))
    },
  },
  {
    name: 'a listener that another handle gave away accepts in the one that adopts it',
    needs: ['adopt'],
    once: true,
    system: true,
    async run(bed) {
      const giver = donor(bed)
      const given = await bed.listen(giver, () => assert.fail('the giver accepted'))
      const fd = released(given.listener)
      const listener = bed.subject.adopt(fd, 'listener')
      assert.ok(typeof listener === 'object', `adopt answered ${listener}`)
      bed.own(listener)
      assert.equal(listener.kind, bed.kind)
      let accepted = (_stream: StreamHandle) => {}
      const accepting = new Promise<StreamHandle>(resolve => {
        accepted = resolve
      })
      const status = await outcome(done =>
        listener.listen(16, (_status, stream) => stream && accepted(bed.own(stream)), done),
      )
      assert.ok(status >= 0)
      assert.deepEqual(listener.sockname(), given.at)
      const far = await bed.connect(bed.peer, given.at)
      await exchange(await accepting, far, 1000)
      await closed(listener)
      assert.ok(!isOpen(fd))
    },
  },
  {
    name: 'a descriptor that is not open, or not of the sort asked for, is refused and left alone',
    needs: ['adopt'],
    once: true,
    variants: ['tcp4'],
    system: true,
    run: async bed => {
      const file = openSync(path.join(bed.folder(), 'file'), 'w')
      try {
        for (const as of ['stream', 'listener'] as const) {
          const sorts =
            as === 'stream' ? bed.subject.adopt(file, 'stream') : bed.subject.adopt(file, 'listener')
          assert.ok((sorts as Status) < 0, `a file was adopted as ${as}`)
        }
        assert.ok(isOpen(file))
      } finally {
        closeSync(file)
      }
      assert.equal(bed.subject.adopt(file, 'stream'), UV_EBADF)
      assert.equal(bed.subject.adopt(file, 'listener'), UV_EBADF)
      assert.ok((bed.subject.adopt(-1, 'stream') as Status) < 0)
    },
  },
  {
    name: 'a socket that cannot be what is asked for is refused, left open, and works on',
    needs: ['adopt'],
    once: true,
    system: true,
    async run(bed) {
      const { descriptors } = donor(bed)
      const { mine, theirs } = await bed.pair()
      const shown = [mine, theirs].find(stream => stream.fd >= 0)
      const { listener, at } = await bed.listen(donor(bed), (_status, stream) => stream && bed.own(stream))
      if (shown === undefined || descriptors === null) return bed.skip('neither end shows its descriptor')
      const copies = [shown.fd, listener.fd].map(fd => descriptors.duplicate(fd)) as [number, number]
      assert.ok(
        (bed.subject.adopt(copies[0], 'listener') as Status) < 0,
        'a connection was taken as a listener',
      )
      assert.ok((bed.subject.adopt(copies[1], 'stream') as Status) < 0, 'a listener was taken as a stream')
      await bed.connect(bed.peer, at)
      await settle()
      assert.deepEqual(copies.map(isOpen), [true, true])
      descriptors.close(copies)
      await exchange(mine, theirs, 1000)
    },
  },
  {
    name: 'a connection inherited from another process can be adopted',
    needs: ['adopt'],
    once: true,
    variants: ['path'],
    system: true,
    process: true,
    async run(bed) {
      const child = ChildRun.start(bed, 'adopts', { hasConnection: true })
      await child.next('connected')
      const { connection } = child
      const echoed: Buffer[] = []
      let size = 0
      const whole = new Promise<void>((resolve, reject) => {
        connection.on('data', chunk => {
          echoed.push(chunk)
          size += chunk.length
          if (size === 200_000) resolve()
        })
        connection.on('error', reject)
      })
      const sent = pattern(200_000)
      connection.write(sent)
      await whole
      assert.ok(Buffer.concat(echoed).equals(sent))
    },
  },
  {
    name: 'a local peer shows its process and user',
    needs: ['credentials'],
    variants: ['path', 'abstract'],
    system: true,
    async run(bed) {
      const { mine } = await bed.pair()
      assert.deepEqual(mine.peerCredentials(), {
        pid: process.pid,
        uid: process.getuid?.(),
        gid: process.getgid?.(),
      })
      await closed(mine)
      assert.equal(mine.peerCredentials(), UV_EBADF)
    },
  },
  {
    name: 'a TCP peer shows no process',
    needs: ['credentials'],
    variants: ['tcp4'],
    once: true,
    async run(bed) {
      const { mine } = await bed.pair()
      assert.ok((mine.peerCredentials() as Status) < 0)
    },
  },
  {
    name: "law 9: a descriptor that was sent stays its sender's, and works where it arrived",
    needs: ['descriptors', 'adopt'],
    once: true,
    variants: ['tcp4'],
    system: true,
    async run(bed) {
      const [near, far] = channels(bed)
      const { mine, theirs } = await bed.pair()
      const fd = released(mine)
      const arrival = received(far)
      const status = await outcome(done => near.send(Buffer.from('take this'), [fd], done))
      assert.ok(status >= 0)
      assert.ok(isOpen(fd), "the sender's descriptor was closed")
      closeSync(fd)
      const { data, fds } = await arrival
      assert.equal(String(data), 'take this')
      assert.equal(fds.length, 1)
      const stream = adopted<StreamHandle>(bed, bed.subject.adopt(fds[0]!, 'stream'))
      await exchange(stream, theirs, 1000)
    },
  },
  {
    name: 'a handoff refuses what cannot travel, and tells the end',
    needs: ['descriptors'],
    once: true,
    variants: ['path'],
    system: true,
    async run(bed) {
      const [near, far] = channels(bed)
      const file = openSync(path.join(bed.folder(), 'file'), 'w')
      const told: Status[] = []
      try {
        const send = (data: Uint8Array, fds: number[]) => near.send(data, fds, status => told.push(status))
        assert.ok(send(Buffer.alloc(0), [file]) < 0, 'a descriptor without a byte was sent')
        assert.ok(send(Buffer.from('x'), Array(254).fill(file)) < 0, '254 descriptors were sent')
        const ended = new Promise<void>((resolve, reject) => {
          far.receive({
            onMessage: () => reject(new Error('a refused message arrived')),
            onEnd: resolve,
            onError: status => reject(new Error(`receive: ${status}`)),
          })
        })
        await closed(near)
        await ended
        assert.deepEqual(told, [])
      } finally {
        closeSync(file)
      }
    },
  },
  {
    name: 'a paused handoff gives what has come when it is asked for it, inside the call, and nothing before',
    needs: ['descriptors'],
    once: true,
    variants: ['path'],
    system: true,
    async run(bed) {
      const [near, far] = channels(bed)
      const file = openSync(path.join(bed.folder(), 'file'), 'w')
      const came: { text: string; count: number }[] = []
      let ends = 0
      far.receive({
        onMessage(data, fds) {
          came.push({ text: String(data), count: fds.length })
          bed.subject.descriptors!.close(fds)
        },
        onEnd: () => ends++,
        onError: status => assert.fail(`receive: ${status}`),
      })
      far.pause()
      far.receiveNow()
      try {
        assert.ok((await outcome(done => near.send(Buffer.from('take this'), [file], done))) >= 0)
      } finally {
        closeSync(file)
      }
      await settle()
      assert.deepEqual(came, [])
      far.receiveNow()
      assert.deepEqual(came, [{ text: 'take this', count: 1 }])
      await closed(near)
      far.receiveNow()
      far.receiveNow()
      assert.equal(ends, 1)
    },
  },
  {
    name: 'splice moves bytes where the sink does not see them, or gives them to it',
    needs: ['splice'],
    once: true,
    async run(bed) {
      const [one, two] = await bed.pairs(2)
      const sink = new Reader(event => {
        if (event !== 'data') return
        two!.mine.write([sink.chunks.at(-1)!], () => one!.mine.readStart(sink))
        if (two!.mine.writeQueueSize > 0) one!.mine.readStop()
      })
      assert.equal(one!.mine.splice(two!.mine, { mayMove: () => true }), 0)
      one!.mine.readStart(sink)
      const far = new Reader()
      two!.theirs.readStart(far)
      one!.theirs.write([pattern(3_000_000)], () => {})
      await far.whenSize(3_000_000)
      assert.ok(far.bytes.equals(pattern(3_000_000)))
      assert.ok(sink.size < 3_000_000)
      assert.deepEqual([one!.mine.bytesRead, two!.mine.bytesWritten], [3_000_000, 3_000_000])
    },
  },
  {
    name: 'a splice that may not move any more reads',
    needs: ['splice'],
    once: true,
    async run(bed) {
      const [one, two] = await bed.pairs(2)
      const sink = new Reader()
      assert.equal(one!.mine.splice(two!.mine, { mayMove: () => null }), 0)
      one!.mine.readStart(sink)
      one!.theirs.write([Buffer.from('seen')], () => {})
      await sink.whenSize(4)
      assert.equal(two!.mine.bytesWritten, 0)
    },
  },
  {
    name: 'fd is the descriptor while the handle is open, and -1 after',
    needs: ['descriptors'],
    system: true,
    async run(bed) {
      const { mine } = await bed.pair()
      const { listener, at } = await bed.listen(bed.subject, () => {})
      assert.ok(fstatSync(mine.fd).isSocket())
      assert.ok(fstatSync(listener.fd).isSocket())
      assert.ok(isTcpAddress(at) || at.path.length > 0)
      await closed(mine)
      await closed(listener)
      assert.deepEqual([mine.fd, listener.fd], [-1, -1])
    },
  },
]

function channels(bed: Bed): [HandoffChannel, HandoffChannel] {
  const ends = bed.subject.descriptors!.socketPair()
  assert.ok(typeof ends === 'object')
  return ends.map(fd => adopted<HandoffChannel>(bed, bed.subject.descriptors!.channel(fd))) as [
    HandoffChannel,
    HandoffChannel,
  ]
}

function received(channel: HandoffChannel): Promise<{ data: Buffer; fds: readonly number[] }> {
  return new Promise((resolve, reject) => {
    channel.receive({
      onMessage: (data, fds) => resolve({ data, fds }),
      onEnd: () => reject(new Error('the channel ended')),
      onError: status => reject(new Error(`receive: ${status}`)),
    })
  })
}
