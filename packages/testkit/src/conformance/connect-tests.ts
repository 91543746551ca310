// Connecting: names of the ends, refusals, and closing in the middle of it.
import assert from 'node:assert/strict'
import {
  type Address,
  isTcpAddress,
  type Status,
  type StreamHandle,
  UV_EADDRNOTAVAIL,
  UV_EBADF,
  UV_ECONNREFUSED,
  UV_EINVAL,
  UV_ENAMETOOLONG,
  UV_ENOENT,
  UV_ENOTCONN,
} from '@x/core/transport'
import { closed, outcome, settle } from './bed'
import { Reader } from './reader'
import type { ConformanceTest } from './test-case'

export const connectTests: readonly ConformanceTest[] = [
  {
    name: 'sockname and peername of the two ends agree',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      if (bed.kind === 'tcp') {
        assert.deepEqual(mine.sockname(), theirs.peername())
        assert.deepEqual(mine.peername(), theirs.sockname())
        const own = mine.sockname() as Address
        assert.ok(isTcpAddress(own) && own.port > 0)
        assert.equal(own.family, bed.variant === 'tcp6' ? 'IPv6' : 'IPv4')
      } else {
        const connected = bed.role === 'connects' ? mine : theirs
        const accepted = bed.role === 'connects' ? theirs : mine
        assert.deepEqual(connected.peername(), accepted.sockname())
        assert.deepEqual(connected.sockname(), { path: '' })
        assert.deepEqual(accepted.peername(), { path: '' })
      }
    },
  },
  {
    name: 'names outlive the ends of both sides, and go with close',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const own = mine.sockname()
      const peer = mine.peername()
      const reader = new Reader()
      mine.readStart(reader)
      await outcome(done => theirs.shutdown(done))
      await outcome(done => mine.shutdown(done))
      await reader.whenEnd()
      await settle()
      assert.deepEqual(mine.sockname(), own)
      if (bed.kind === 'pipe') assert.deepEqual(mine.peername(), peer)
      await closed(mine)
      assert.equal(mine.sockname(), UV_EBADF)
      assert.equal(mine.peername(), UV_EBADF)
    },
  },
  {
    name: 'a stream that was never connected has no peer, and closes',
    once: true,
    async run(bed) {
      const stream = bed.stream()
      assert.ok((stream.peername() as Status) < 0)
      assert.equal(stream.peername(), UV_ENOTCONN)
      let done = 0
      stream.close(() => done++)
      assert.equal(done, 0)
      await closed(stream)
      assert.equal(done, 1)
    },
  },
  {
    name: 'connect answers an error while one is under way, and leaves a connection that stands',
    once: true,
    async run(bed) {
      const { at } = await bed.listen(bed.peer, (_status, stream) => stream && bed.own(stream))
      const stream = bed.stream()
      const second: Status[] = []
      const status = await outcome(done => {
        const answer = stream.connect(at, done)
        assert.ok(stream.connect(at, told => second.push(told)) < 0)
        return answer
      })
      assert.equal(status, 0)
      assert.deepEqual(second, [])
      const peer = stream.peername()
      const again: Status[] = []
      // Refused at once, or what the system makes of a second connect(2): told once.
      const answer = stream.connect(at, told => again.push(told))
      await settle()
      assert.equal(again.length, answer < 0 ? 0 : 1)
      assert.deepEqual(stream.peername(), peer)
      // A transport under faults may take it later.
      const written = await outcome(done => stream.write([Buffer.from('x')], done))
      assert.ok(written >= 0)
    },
  },
  {
    name: 'connecting to a port that nobody listens on is ECONNREFUSED',
    variants: ['tcp4', 'tcp6'],
    once: true,
    async run(bed) {
      const { listener, at } = await bed.listen(bed.peer, () => {})
      await closed(listener)
      const stream = bed.stream()
      assert.equal(await outcome(done => stream.connect(at, done)), UV_ECONNREFUSED)
      assert.ok(stream.write([Buffer.from('x')], () => {}) < 0)
      assert.ok(stream.readStart(new Reader()) < 0)
    },
  },
  {
    name: 'connecting to a name that nobody has is ENOENT for a path, ECONNREFUSED for an abstract name',
    variants: ['path', 'abstract'],
    once: true,
    async run(bed) {
      const stream = bed.stream()
      const expected = bed.variant === 'path' ? UV_ENOENT : UV_ECONNREFUSED
      assert.equal(await outcome(done => stream.connect(bed.address(), done)), expected)
    },
  },
  {
    name: 'a name that is too long is refused whole with ENAMETOOLONG, and one that just fits works',
    variants: ['path', 'abstract'],
    once: true,
    system: true,
    async run(bed) {
      if (process.platform !== 'linux') bed.skip('the limits of this platform are not known here')
      const limit = bed.variant === 'path' ? 107 : 108
      const base = bed.variant === 'path' ? `${bed.folder()}/` : `\0x-${process.pid}-`
      const fits = base + 'é'.repeat((limit - base.length) >> 1) + 'x'.repeat((limit - base.length) & 1)
      assert.equal(Buffer.byteLength(fits), limit)
      const tooLong = { path: `${fits}y` }
      const listener = bed.listener()
      const bound = listener.bind(tooLong)
      const listening = bound < 0 ? bound : await outcome(done => listener.listen(1, () => {}, done))
      assert.equal(listening, UV_ENAMETOOLONG)
      const stream = bed.stream()
      assert.equal(await outcome(done => stream.connect(tooLong, done)), UV_ENAMETOOLONG)
      const { at } = await bed.listen(bed.subject, (_status, accepted) => accepted && bed.own(accepted), {
        path: fits,
      })
      assert.deepEqual(at, { path: fits })
      await bed.connect(bed.peer, at)
    },
  },
  {
    name: 'an address of the other kind is EINVAL, and so is an empty path',
    once: true,
    async run(bed) {
      const wrong: Address =
        bed.kind === 'tcp' ? { path: '/nowhere' } : { family: 'IPv4', address: '127.0.0.1', port: 1 }
      const connected = await outcome(done => bed.stream().connect(wrong, done))
      assert.equal(connected, UV_EINVAL)
      assert.equal(bed.listener().bind(wrong), UV_EINVAL)
      if (bed.kind === 'pipe') {
        assert.equal(await outcome(done => bed.stream().connect({ path: '' }, done)), UV_EINVAL)
      }
    },
  },
  {
    name: 'connect leaves from the address and port that bind chose',
    variants: ['tcp4', 'tcp6'],
    once: true,
    async run(bed) {
      const { at } = await bed.listen(bed.peer, (_status, stream) => stream && bed.own(stream))
      const free = await bed.listen(bed.subject, () => {})
      await closed(free.listener)
      const from = free.at
      assert.ok(isTcpAddress(from))
      const stream = bed.stream()
      assert.equal(stream.bind(from), 0)
      assert.equal(await outcome(done => stream.connect(at, done)), 0)
      assert.deepEqual(stream.sockname(), from)
    },
  },
  {
    name: 'leaving from an address that is not of this host is EADDRNOTAVAIL',
    variants: ['tcp4', 'tcp6'],
    once: true,
    async run(bed) {
      const { at } = await bed.listen(bed.peer, (_status, stream) => stream && bed.own(stream))
      const stream = bed.stream()
      const from =
        bed.variant === 'tcp4'
          ? ({ family: 'IPv4', address: '192.0.2.1', port: 0 } as const)
          : ({ family: 'IPv6', address: '2001:db8::1', port: 0 } as const)
      const bound = stream.bind(from)
      const status = bound < 0 ? bound : await outcome(done => stream.connect(at, done))
      assert.equal(status, UV_EADDRNOTAVAIL)
    },
  },
  {
    name: 'a stream may be closed inside the done of its connect',
    once: true,
    async run(bed) {
      const { at } = await bed.listen(bed.peer, (_status, stream) => stream && bed.own(stream))
      const stream = bed.stream()
      await new Promise<void>((resolve, reject) => {
        const answer = stream.connect(at, status => {
          if (status === 0) stream.close(resolve)
          else reject(new Error(`connect: ${status}`))
        })
        assert.equal(answer, 0)
      })
      assert.equal(stream.peername(), UV_EBADF)
    },
  },
  {
    name: 'options set before connect are kept, and set on a connection answer 0',
    variants: ['tcp4', 'tcp6'],
    async run(bed) {
      const setAll = (stream: StreamHandle) => {
        assert.equal(stream.setOption({ name: 'noDelay', enable: true }), 0)
        assert.equal(stream.setOption({ name: 'noDelay', enable: false }), 0)
        const keepAlive = { name: 'keepAlive', delaySeconds: 60, intervalSeconds: 0, count: 0 } as const
        assert.equal(stream.setOption({ ...keepAlive, enable: true }), 0)
        assert.equal(stream.setOption({ ...keepAlive, enable: false }), 0)
      }
      const { mine } = await bed.pair()
      setAll(mine)
      await closed(mine)
      assert.equal(mine.setOption({ name: 'noDelay', enable: true }), UV_EBADF)
      if (bed.role === 'accepts') return
      const { at } = await bed.listen(bed.peer, (_status, stream) => stream && bed.own(stream))
      const early = bed.stream()
      setAll(early)
      assert.equal(await outcome(done => early.connect(at, done)), 0)
      setAll(early)
    },
  },
  {
    name: 'the type of service that was set is the one that is there',
    variants: ['tcp4', 'tcp6'],
    needs: ['type-of-service'],
    async run(bed) {
      const { mine } = await bed.pair()
      assert.equal(mine.getOption('typeOfService'), 0)
      assert.equal(mine.setOption({ name: 'typeOfService', value: 0x10 }), 0)
      assert.equal(mine.getOption('typeOfService'), 0x10)
      await closed(mine)
      assert.equal(mine.getOption('typeOfService'), UV_EBADF)
    },
  },
]
