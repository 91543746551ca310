// BoundSocket on the transports that bind before they listen, and beside node:net's class where this Node has it.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { inspect } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import {
  adoptAsListener,
  adoptAsStream,
  BoundSocket,
  type BoundSocketOptions,
  isBoundSocket,
} from '../../src/listen/bound-socket'
import type { StreamHandle } from '../../src/transport/contract'
import { loadNative } from '../../src/transport/native'
import { portable } from '../../src/transport/portable'
import { outcome } from './outcome'

const native = loadNative()
const NodesBoundSocket = (net as unknown as { BoundSocket?: typeof BoundSocket }).BoundSocket
const folder = mkdtempSync(path.join(os.tmpdir(), 'x-bound-'))
afterAll(() => rmSync(folder, { recursive: true }))

const paths = { fresh: path.join(folder, 'fresh.sock'), nowhere: path.join(folder, 'none', 'x.sock') }

const OPTIONS: unknown[] = [
  undefined,
  {},
  null,
  5,
  [],
  { port: -1 },
  { port: 'x' },
  { port: '0' },
  { port: null },
  { port: 1.5 },
  { host: '127.0.0.1' },
  { host: null },
  { host: 'localhost' },
  { host: 5 },
  { host: '' },
  { host: '::1' },
  { host: '192.0.2.1' },
  { host: '127.0.0.1', port: 70_000 },
  { ipv6Only: true },
  { ipv6Only: true, host: '127.0.0.1' },
  { ipv6Only: 5 },
  { reusePort: 5 },
  { reusePort: true },
  { path: 5 },
  { path: null },
  { path: paths.fresh },
  { path: paths.nowhere },
  { path: paths.fresh, port: 0 },
  { path: paths.fresh, host: '127.0.0.1' },
  { path: paths.fresh, ipv6Only: false },
]

/** What binding comes to: the address with its port as a boolean, and whether it is a path. */
function binding(Class: typeof BoundSocket, options: unknown): unknown {
  return outcome(() => {
    const bound = new Class(options as BoundSocketOptions)
    const at = bound.address()
    const seen = [typeof at === 'string' ? at : { ...at, port: at.port > 0 }, bound.isPipe, bound.fd() > 2]
    bound.close()
    return seen
  })
}

describe('BoundSocket', () => {
  it('[N1] refuses wrong options with the words of Node 26', () => {
    const refused = (options: unknown) => outcome(() => new BoundSocket(options as BoundSocketOptions))
    expect(refused(5)).toContain('The "options" argument must be of type object.')
    expect(refused({ host: 'localhost' })).toContain(
      'must be a numeric IP address; net.BoundSocket does not perform',
    )
    expect(refused({ port: -1 })).toContain('options.port should be >= 0 and < 65536.')
    expect(refused({ path: 5 })).toContain('The "options.path" property must be of type string.')
    expect(refused({ path: '/x', port: 1 })).toContain(
      "The argument 'options' path is mutually exclusive with host",
    )
  })

  it('[N1] says on the portable transport that it cannot bind without listening', () => {
    const bind = () => new BoundSocket({ transport: portable })
    expect(bind).toThrow('The portable transport cannot do this: binding without listening')
  })
})

describe.skipIf(native.transport === null)(
  `BoundSocket on the native transport (${native.reason ?? 'here'})`,
  () => {
    const transport = native.transport!

    it.skipIf(NodesBoundSocket === undefined)(
      '[N1] binds and refuses as node:net, where this Node has BoundSocket',
      () => {
        for (const options of OPTIONS) {
          const ours = binding(BoundSocket, options)
          expect(ours, inspect(options)).toEqual(binding(NodesBoundSocket!, options))
        }
      },
    )

    it('[N1] holds its port from the constructor on', () => {
      const bound = new BoundSocket({ host: '127.0.0.1', transport })
      const at = bound.address() as net.AddressInfo
      const handle = transport.listener('tcp')
      expect(
        handle.bind({ family: 'IPv4', address: at.address, port: at.port }, { reuseAddress: false }),
      ).toBeLessThan(0)
      handle.close()
      bound.close()
      expect(isBoundSocket(bound)).toBe(true)
    })

    it('[N1] holds its path from the constructor on, and removes it when it is closed', () => {
      using bound = new BoundSocket({ path: paths.fresh, transport })
      expect(existsSync(paths.fresh)).toBe(true)
      expect(() => new BoundSocket({ path: paths.fresh, transport })).toThrow('bind EADDRINUSE')
      bound.close()
      expect(existsSync(paths.fresh)).toBe(false)
      bound[Symbol.dispose]()
    })

    it('[N1] is used once: as a listener', async () => {
      const bound = new BoundSocket({ host: '127.0.0.1', transport })
      const { port } = bound.address() as net.AddressInfo
      const listener = adoptAsListener(bound)
      for (const use of [
        () => bound.address(),
        () => bound.fd(),
        () => bound.close(),
        () => adoptAsStream(bound),
      ]) {
        expect(outcome(use)).toContain('ERR_SOCKET_HANDLE_ADOPTED')
      }
      bound[Symbol.dispose]()
      const accepted = new Promise<void>(resolve => {
        const status = listener.listen(
          1,
          (_status, stream) => {
            stream!.close()
            resolve()
          },
          () => {},
        )
        expect(status).toBe(1)
      })
      const client = net.connect(port, '127.0.0.1').on('error', () => {})
      await accepted
      client.destroy()
      await new Promise<void>(resolve => listener.close(resolve))
    })

    it('[N1] is the source of a connection', async () => {
      const server = net.createServer().listen(0, '127.0.0.1')
      await new Promise(resolve => server.once('listening', resolve))
      const bound = new BoundSocket({ host: '127.0.0.1', transport })
      const { port } = bound.address() as net.AddressInfo
      const stream = adoptAsStream(bound)
      const to = server.address() as net.AddressInfo
      const peer = new Promise<net.Socket>(resolve => server.once('connection', resolve))
      const status = await new Promise(resolve => {
        expect(stream.connect({ family: 'IPv4', address: to.address, port: to.port }, resolve)).toBe(0)
      })
      expect(status).toBe(0)
      const socket = await peer
      expect(socket.remotePort).toBe(port)
      socket.destroy()
      await new Promise<void>(resolve => stream.close(resolve))
      await new Promise(resolve => server.close(resolve))
    })

    it('[N1] is the source of a local connection, whose path the peer sees', async () => {
      const at = path.join(folder, 'server.sock')
      const listener = transport.listener('pipe')
      expect(listener.bind({ path: at })).toBe(0)
      const peer = new Promise<StreamHandle>(resolve => {
        expect(
          listener.listen(
            1,
            (_status, stream) => resolve(stream!),
            () => {},
          ),
        ).toBe(1)
      })
      const stream = adoptAsStream(new BoundSocket({ path: paths.fresh, transport }))
      expect(stream.sockname()).toEqual({ path: paths.fresh })
      const connected = new Promise(resolve => expect(stream.connect({ path: at }, resolve)).toBe(0))
      expect(await connected).toBe(0)
      const accepted = await peer
      expect(accepted.peername()).toEqual({ path: paths.fresh })
      for (const handle of [stream, accepted, listener])
        await new Promise<void>(resolve => handle.close(resolve))
      rmSync(paths.fresh)
    })
  },
)
