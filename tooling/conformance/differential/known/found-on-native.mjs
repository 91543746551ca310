// Programs that differed from node:net on the native transport once, cut down. It plays nothing.
import { asBody, connected, connecting, serving, tcpClient, unixClient } from './scene.mjs'

/** @type {import('../stage.mjs').Setup} */
const server = { role: 'server', family: 'tcp' }
const peerResets = (/** @type {any} */ p) => p.resetAndDestroy()
const peerGoes = (/** @type {any} */ p) => p.destroy()

/** A server with one connection. @param {(t: import('../stage.mjs').Stage) => void} act @returns {import('../stage.mjs').Body} */
const servingOne = act => (t, net) => [
  ['now', () => serving(t, net)],
  ['quiet', () => t.peerConnects(3)],
  ['quiet', () => act(t)],
]

/** @type {import('./index.mjs').KnownProgram[]} */
export const foundOnNative = [
  {
    name: 'an end of a destroyed socket, which then connects',
    setup: tcpClient,
    body: asBody((t, net) => [
      [
        'now',
        () => {
          t.make(1, 's0', () => new net.Socket({ noDelay: true }))
          t.do(2, 's0', s => s.destroy())
        },
      ],
      [
        'quiet',
        () => {
          t.do(3, 's0', s => s.end(t.cb(3, 's0')))
          t.do(4, 's0', s => s.write('A', t.cb(4, 's0')))
          t.do(5, 's0', s => s.connect(t.where))
        },
      ],
    ]),
  },
  {
    name: 'an end while a write waits for a connection that is given up',
    setup: tcpClient,
    body: asBody((t, net) => [
      [
        'now',
        () => {
          connecting(t, net)
          t.do(2, 's0', s => s.write('A', t.cb(2, 's0')))
          t.do(3, 's0', s => s.destroy())
          t.do(4, 's0', s => s.end(t.cb(4, 's0')))
          t.do(5, 's0', s => s.write('B', t.cb(5, 's0')))
        },
      ],
    ]),
  },
  {
    name: 'the async context of what an accepted socket tells',
    setup: server,
    body: servingOne(t => {
      t.read(4, 's0', 'data')
      t.peer(5, 0, p => p.end('A'))
    }),
  },
  {
    name: 'an empty write to a peer that has gone',
    setup: tcpClient,
    body: connected(t => {
      t.on(2, 's0', 'end', () => {
        t.do(3, 's0', s => s.write('A'))
        t.do(4, 's0', s => s.write(''))
      })
      t.peer(5, 0, peerGoes)
    }),
  },
  ...[peerGoes, peerResets].map(goes => ({
    name: `writes in the turn in which the peer goes: ${goes === peerGoes ? 'it ends' : 'it resets'}`,
    setup: tcpClient,
    body: connected(t => {
      t.peer(2, 0, goes)
      t.do(3, 's0', s => s.write('A', t.cb(3, 's0')))
      t.look(4, 's0', ['bytesWritten', 'writableLength'])
      t.do(5, 's0', s => s.write('B', t.cb(5, 's0')))
    }),
  })),
  {
    name: 'an end with bytes and a destroy in one turn, while bytes of the peer are unread',
    setup: { ...server, peerHalfOpen: true },
    body: servingOne(t => {
      t.peer(4, 0, p => p.write('A'))
      t.do(5, 's0', s => s.end('B'))
      t.do(6, 's0', s => s.destroy())
    }),
  },
  {
    name: 'a write that a destroy cuts off, and an end behind it',
    setup: unixClient,
    isBulk: true,
    body: connected(t => {
      t.do(2, 's0', s => s.write('A'.repeat(1_000_000), t.cb(2, 's0')))
      t.do(3, 's0', s => s.destroy())
      t.do(4, 's0', s => s.end(t.cb(4, 's0')))
      t.look(5, 's0', ['writableEnded', 'errored'])
    }),
  },
  {
    name: 'a corked text that has no bytes in its encoding',
    setup: tcpClient,
    body: connected(t => {
      t.do(2, 's0', s => s.cork())
      for (const encoding of ['base64', 'base64url']) {
        t.do(3, 's0', s => s.write('C', encoding))
        t.look(4, 's0', ['writableLength'])
        t.do(5, 's0', s => s.write('QUFB', encoding))
      }
      t.do(6, 's0', s => s.uncork())
    }),
  },
  {
    name: 'an empty write that is corked before the connection is made',
    setup: tcpClient,
    body: asBody((t, net) => [
      [
        'now',
        () => {
          connecting(t, net)
          t.do(2, 's0', s => s.write('A'))
          t.do(3, 's0', s => s.write('', t.cb(3, 's0')))
          t.do(4, 's0', s => s.cork())
        },
      ],
      [
        'quiet',
        () => {
          t.do(5, 's0', s => s.write('C', t.cb(5, 's0')))
          t.do(6, 's0', s => s.uncork())
        },
      ],
    ]),
  },
  {
    name: "a corked write where 'drain' is due",
    setup: unixClient,
    body: connected(t => {
      t.do(2, 's0', s => s.cork())
      t.do(3, 's0', s => s.write('C'.repeat(65536), t.cb(3, 's0')))
      t.do(4, 's0', s => s.uncork())
      t.do(5, 's0', s => s.cork())
      t.do(6, 's0', s => s.write('F'))
      t.on(7, 's0', 'drain', () => {})
    }),
  },
  {
    name: 'a corked write on one socket, and a write on another before it is uncorked',
    setup: tcpClient,
    body: asBody((t, net) => [
      [
        'now',
        () => {
          for (const s of ['s0', 's1']) t.make(1, s, () => net.connect({ ...t.where, noDelay: true }))
        },
      ],
      [
        'quiet',
        () => {
          t.do(2, 's0', s => s.cork())
          t.do(3, 's0', s =>
            s.write(
              'H',
              t.cb(3, 's0', () => t.do(4, 's1', other => other.cork())),
            ),
          )
          t.do(5, 's1', s => s.write('L', t.cb(5, 's1')))
          t.do(6, 's0', s => s.uncork())
        },
      ],
    ]),
  },
  {
    name: 'two corked writes, and a callback that throws',
    setup: tcpClient,
    body: connected(t => {
      t.do(2, 's0', s => s.cork())
      t.do(3, 's0', s =>
        s.write(
          'B',
          t.cb(3, 's0', () => t.throw('boom')),
        ),
      )
      t.do(4, 's0', s => s.write('C', t.cb(4, 's0')))
      t.do(5, 's0', s => s.uncork())
    }),
  },
  {
    name: 'sockets of odd options',
    setup: tcpClient,
    body: asBody((t, net) => [
      [
        'now',
        () => {
          t.shape(1, 's0', () => new net.Socket({ signal: AbortSignal.abort() }))
          t.shape(2, 's0', () => new net.Socket({ signal: null }))
          t.shape(3, 's0', () => new net.Socket(Object.create({ allowHalfOpen: true })))
          t.shape(4, 's0', () => net.connect({ path: '' }))
          t.shape(5, 's0', () => net.connect(() => {}))
          t.shape(6, 's0', () => net.createServer({ highWaterMark: -1, keepAliveInitialDelay: -1 }))
        },
      ],
    ]),
  },
  {
    name: 'a server with a numeric host, right after listen',
    setup: server,
    body: asBody((t, net) => [
      [
        'now',
        () => {
          t.make(1, 'v0', () => net.createServer())
          t.do(2, 'v0', v => v.listen(t.place))
          t.look(3, 'v0', ['listening'])
          t.do(4, 'v0', v => v.address())
        },
      ],
    ]),
  },
  {
    name: "a 'close' listener that throws, and a new connection in the next turn",
    setup: tcpClient,
    body: asBody((t, net) => [
      [
        'now',
        () => {
          connecting(t, net)
        },
      ],
      [
        'quiet',
        () => {
          t.on(2, 's0', 'close', () => t.throw('boom'))
          t.do(3, 's0', s => s.resetAndDestroy())
        },
      ],
      ['immediate', () => t.do(4, 's0', s => s.connect(t.where))],
      [
        'immediate',
        () => {
          t.do(5, 's0', s => s.resetAndDestroy())
          t.do(6, 's0', s => s.end('A'))
        },
      ],
    ]),
  },
]
