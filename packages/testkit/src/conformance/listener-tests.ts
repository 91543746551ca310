// Listening: addresses taken and free, several listeners, closing, pausing, socket files and their modes.
import assert from 'node:assert/strict'
import { existsSync, lstatSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import {
  type AcceptSink,
  type Address,
  type BindFlags,
  isTcpAddress,
  type Status,
  type StreamHandle,
  type TcpAddress,
  UV_EACCES,
  UV_EADDRINUSE,
  UV_EADDRNOTAVAIL,
  UV_EBADF,
  UV_ECONNREFUSED,
  UV_ENOENT,
} from '@x/core/transport'
import { type Bed, closed, outcome, settle } from './bed'
import { Reader } from './reader'
import type { ConformanceTest } from './test-case'

/** What comes of binding and listening, whichever of the two refuses. */
async function attempt(
  bed: Bed,
  at: Address,
  flags?: BindFlags,
  accept: AcceptSink = (_status, stream) => stream && bed.own(stream),
): Promise<Status> {
  const listener = bed.listener()
  const bound = listener.bind(at, flags)
  if (bound < 0) return bound
  return outcome(done => listener.listen(16, accept, done))
}

/**
 * Two listeners with one port: of IPv4, and of IPv6 alone. `accepted` has the family of the listener for each connection.
 * Another program may have the port in IPv6, but not each time.
 */
async function listenByFamily(bed: Bed): Promise<{ at: TcpAddress; accepted: string[] }> {
  const accepted: string[] = []
  const take =
    (family: string): AcceptSink =>
    (_status, stream) => {
      if (stream) bed.own(stream)
      accepted.push(family)
    }
  const any4 = { family: 'IPv4', address: '0.0.0.0', port: 0 } as const
  for (let tries = 1; tries <= 5; tries++) {
    const { at } = await bed.listen(bed.subject, take('IPv4'), any4)
    assert.ok(isTcpAddress(at))
    const any6 = { family: 'IPv6', address: '::', port: at.port } as const
    const status = await attempt(bed, any6, { ipv6Only: true }, take('IPv6'))
    if (status >= 0) return { at, accepted }
    assert.equal(status, UV_EADDRINUSE)
  }
  assert.fail('an IPv6-only listener cannot have the port of one of IPv4')
}

export const listenerTests: readonly ConformanceTest[] = [
  {
    name: 'sockname is where the listener can be reached, and EBADF once closed',
    once: true,
    async run(bed) {
      const asked = bed.address()
      const { listener, at } = await bed.listen(
        bed.subject,
        (_status, stream) => stream && bed.own(stream),
        asked,
      )
      if (isTcpAddress(at)) assert.ok(at.port > 0)
      else assert.deepEqual(at, asked)
      const stream = await bed.connect(bed.peer, at)
      assert.deepEqual(stream.peername(), at)
      await closed(listener)
      assert.equal(listener.sockname(), UV_EBADF)
    },
  },
  {
    name: 'listen answers 1 or an error at once',
    once: true,
    needs: ['sync-listen'],
    async run(bed) {
      const listener = bed.listener()
      assert.equal(listener.bind(bed.address()), 0)
      const told: Status[] = []
      assert.equal(
        listener.listen(
          16,
          () => {},
          status => told.push(status),
        ),
        1,
      )
      await settle()
      assert.deepEqual(told, [])
    },
  },
  {
    name: 'a taken address is EADDRINUSE, from bind or from listen, and is free again after close',
    once: true,
    async run(bed) {
      const { listener, at } = await bed.listen(bed.peer, () => {})
      assert.equal(await attempt(bed, at), UV_EADDRINUSE)
      await closed(listener)
      assert.ok((await attempt(bed, at)) >= 0)
    },
  },
  {
    name: 'an address that is not of this host is EADDRNOTAVAIL',
    once: true,
    variants: ['tcp4', 'tcp6'],
    async run(bed) {
      const at: Address =
        bed.variant === 'tcp4'
          ? { family: 'IPv4', address: '192.0.2.1', port: 0 }
          : { family: 'IPv6', address: '2001:db8::1', port: 0 }
      assert.equal(await attempt(bed, at), UV_EADDRNOTAVAIL)
    },
  },
  {
    name: 'a path below a folder that is not there is EACCES or ENOENT',
    once: true,
    variants: ['path'],
    system: true,
    async run(bed) {
      // EACCES is libuv's word for it on every platform (uv_pipe_bind), ENOENT that of hosts without libuv.
      const status = await attempt(bed, { path: path.join(bed.folder(), 'none', 'x.sock') })
      assert.ok(status === UV_EACCES || status === UV_ENOENT, `listen: ${status}`)
    },
  },
  {
    name: 'a path where a file stands is EADDRINUSE, and the file stays',
    once: true,
    variants: ['path'],
    system: true,
    async run(bed) {
      const at = path.join(bed.folder(), 'file')
      writeFileSync(at, 'mine')
      assert.equal(await attempt(bed, { path: at }), UV_EADDRINUSE)
      assert.ok(lstatSync(at).isFile())
      const stream = bed.stream()
      assert.ok((await outcome(done => stream.connect({ path: at }, done))) < 0)
    },
  },
  {
    name: 'a socket file has the mode that was asked for when listening begins, and goes with close',
    once: true,
    variants: ['path'],
    system: true,
    async run(bed) {
      if (process.platform === 'win32') return
      const before = process.umask()
      for (const mode of [0o600, 0o660, 0o777]) {
        const { listener, at } = await bed.listen(bed.subject, () => {}, bed.address(), { mode })
        assert.ok(!isTcpAddress(at))
        const stat = lstatSync(at.path)
        assert.ok(stat.isSocket())
        assert.equal(stat.mode & 0o777, mode)
        await closed(listener)
        assert.ok(!existsSync(at.path))
      }
      assert.equal(process.umask(), before)
    },
  },
  {
    name: 'an abstract name makes no file, and may hold more NULs',
    once: true,
    variants: ['abstract'],
    needs: ['abstract-path'],
    async run(bed) {
      const at = { path: `\0x-${process.pid}\0second\0` }
      const listening = await bed.listen(bed.subject, (_status, stream) => stream && bed.own(stream), at)
      assert.deepEqual(listening.at, at)
      const stream = await bed.connect(bed.peer, at)
      assert.deepEqual(stream.peername(), at)
      const shorter = bed.stream()
      const cut = { path: `\0x-${process.pid}` }
      assert.equal(await outcome(done => shorter.connect(cut, done)), UV_ECONNREFUSED)
    },
  },
  {
    name: 'closing leaves accepted streams alone and refuses new ones',
    once: true,
    async run(bed) {
      let accepted: StreamHandle | null = null
      const { listener, at } = await bed.listen(bed.subject, (_status, stream) => {
        accepted = stream && bed.own(stream)
      })
      const connected = await bed.connect(bed.peer, at)
      await settle()
      await closed(listener)
      const reader = new Reader()
      const server = accepted as StreamHandle | null
      assert.ok(server !== null)
      server.readStart(reader)
      connected.write([Buffer.from('still here')], () => {})
      await reader.whenSize(10)
      assert.ok((await outcome(done => bed.stream(bed.peer).connect(at, done))) < 0)
    },
  },
  {
    name: 'a listener may be closed inside accept',
    once: true,
    async run(bed) {
      let accepts = 0
      const done = new Promise<void>(resolve => {
        bed
          .listen(bed.subject, (_status, stream) => {
            if (stream) bed.own(stream)
            if (++accepts === 1) listening?.close(resolve)
          })
          .then(({ listener, at }) => {
            listening = listener
            return Promise.all([bed.connect(bed.peer, at), bed.connect(bed.peer, at)])
          })
          .catch(() => {})
      })
      let listening: ReturnType<typeof bed.listener> | undefined
      await done
      const atDone = accepts
      await settle()
      assert.equal(accepts, atDone)
    },
  },
  {
    name: 'connections made in one turn are all accepted, each once',
    once: true,
    async run(bed) {
      const names = new Set<string>()
      let accepts = 0
      let all = () => {}
      const complete = new Promise<void>(resolve => {
        all = resolve
      })
      const { at } = await bed.listen(bed.subject, (status, stream) => {
        assert.equal(status, 0)
        names.add(JSON.stringify(bed.own(stream!).peername()))
        if (++accepts === 60) all()
      })
      const connects = Array.from({ length: 60 }, () => bed.connect(bed.peer, at))
      await Promise.all(connects)
      await complete
      await settle()
      assert.equal(accepts, 60)
      if (bed.kind === 'tcp') assert.equal(names.size, 60)
    },
  },
  {
    name: 'while accepting is paused connections wait in the backlog',
    once: true,
    needs: ['pause-accept'],
    async run(bed) {
      let accepts = 0
      let some = () => {}
      const complete = new Promise<void>(resolve => {
        some = resolve
      })
      const { listener, at } = await bed.listen(bed.subject, (_status, stream) => {
        if (stream) bed.own(stream)
        if (++accepts === 5) some()
      })
      listener.pause()
      for (let index = 0; index < 5; index++) await bed.connect(bed.peer, at)
      await settle()
      assert.equal(accepts, 0)
      listener.resume()
      await complete
    },
  },
  {
    name: 'an IPv6 listener takes IPv4 as well, mapped, unless ipv6Only',
    once: true,
    variants: ['tcp6'],
    async run(bed) {
      const any = { family: 'IPv6', address: '::', port: 0 } as const
      let peer: Address | Status = 0
      const dual = await bed.listen(
        bed.subject,
        (_status, stream) => {
          if (stream) peer = bed.own(stream).peername()
        },
        any,
      )
      assert.ok(isTcpAddress(dual.at))
      const stream = bed.stream(bed.peer)
      const to4 = { family: 'IPv4', address: '127.0.0.1', port: dual.at.port } as const
      assert.equal(await outcome(done => stream.connect(to4, done)), 0)
      await settle()
      assert.ok(typeof peer === 'object')
      assert.equal((peer as { address: string }).address, '::ffff:127.0.0.1')
      assert.equal((peer as { family: string }).family, 'IPv6')

      const both = await listenByFamily(bed)
      await bed.connect(bed.peer, { ...both.at, address: '127.0.0.1' })
      await settle()
      assert.deepEqual(both.accepted, ['IPv4'])
    },
  },
  {
    name: 'with reusePort two listeners have one port, without it they do not',
    once: true,
    variants: ['tcp4', 'tcp6'],
    needs: ['reuse-port'],
    async run(bed) {
      const { at } = await bed.listen(bed.subject, () => {}, bed.address(), { reusePort: true })
      assert.ok((await attempt(bed, at, { reusePort: true })) >= 0)
      assert.equal(await attempt(bed, at), UV_EADDRINUSE)
    },
  },
  {
    name: 'ref and unref may be called in any state',
    async run(bed) {
      const listener = bed.listener()
      listener.unref()
      listener.ref()
      await closed(listener)
      listener.unref()
      const fresh = bed.stream()
      fresh.unref()
      fresh.ref()
      const { mine } = await bed.pair()
      mine.unref()
      mine.ref()
      await closed(mine)
      mine.ref()
      mine.unref()
    },
  },
]
