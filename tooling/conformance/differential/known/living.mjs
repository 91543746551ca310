// What a socket must do from its making to its end, in the cases that are easily got wrong. It plays nothing.
import { allowHalfOpen, asBody, connected, connecting } from './scene.mjs'

/** @typedef {import('../stage.mjs').Stage} Stage */
/** @typedef {import('../stage.mjs').Setup} Setup */
/** @typedef {import('./index.mjs').KnownProgram} KnownProgram */

/** The life of a socket, over one kind of connection. @param {Setup} setup @returns {KnownProgram[]} */
export const living = setup => [
  ...shapes(setup),
  ...reading(setup),
  ...ending(setup),
  ...connectingTwice(setup),
]

/** @param {Setup} setup @returns {KnownProgram[]} */
function shapes(setup) {
  const sides = [{ writable: false }, { readable: false }, { writable: true }, { readable: true }]
  return [
    ...sides.map(options => ({
      name: `new Socket(${JSON.stringify(options)}): its sides`,
      setup,
      body: asBody((t, net) => [
        [
          'now',
          () => {
            t.make(1, 's0', () => new net.Socket(options))
            t.look(2, 's0', [
              'readable',
              'writable',
              'readyState',
              'readableEnded',
              'writableEnded',
              'writableFinished',
            ])
          },
        ],
      ]),
    })),
    ...[{ encoding: 'hex' }, { defaultEncoding: 'hex' }].map(options => ({
      name: `the option ${JSON.stringify(options)}`,
      setup,
      body: asBody((t, net) => [
        [
          'now',
          () => {
            connecting(t, net, options)
            t.read(2, 's0', 'data')
          },
        ],
        [
          'quiet',
          () => {
            t.peer(3, 0, p => p.write('AB'))
            t.do(4, 's0', s => s.write('3132'))
          },
        ],
      ]),
    })),
    {
      name: '_handle: an object while connected, null else',
      setup,
      body: asBody((t, net) => [
        [
          'now',
          () => {
            t.make(1, 's0', () => new net.Socket())
            t.look(2, 's0', ['_handle'])
          },
        ],
        ['now', () => t.do(3, 's0', s => s.connect(t.where))],
        [
          'quiet',
          () => {
            t.look(4, 's0', ['_handle'])
            t.do(5, 's0', s => s.destroy())
            t.look(6, 's0', ['_handle'])
          },
        ],
      ]),
    },
    {
      name: 'properties that programs assign are kept',
      setup,
      body: connected(t => {
        t.do(2, 's0', s => {
          s.autoSelectFamilyAttemptedAddresses = []
        })
        t.look(3, 's0', ['autoSelectFamilyAttemptedAddresses'])
        t.do(4, 's0', s => {
          s.connecting = true
        })
        t.look(5, 's0', ['connecting', 'readyState'])
        t.do(6, 's0', s => {
          s.connecting = false
        })
      }),
    },
    {
      name: 'ends while connecting, and after the end',
      setup,
      body: asBody((t, net) => [
        ['now', () => connecting(t, net)],
        ['tick', () => t.look(2, 's0', ['localAddress', 'remoteAddress'])],
        ['quiet', () => t.peer(3, 0, p => p.end())],
        [
          'immediate',
          () => {
            t.do(4, 's0', s => s.end())
            t.look(5, 's0', ['remoteAddress', 'localAddress'])
          },
        ],
      ]),
    },
  ]
}

/** @param {Setup} setup @returns {KnownProgram[]} */
function reading(setup) {
  const ways = ['data', 'readable', 'readable-once', 'pipe', 'resume', 'read(0)', 'iterate']
  return [
    ...ways.map(way => ({
      name: `a reader (${way}) that is there a turn before connect`,
      setup,
      body: asBody((t, net) => [
        [
          'now',
          () => {
            t.make(1, 's0', () => new net.Socket())
            t.read(2, 's0', way)
          },
        ],
        ['quiet', () => t.do(3, 's0', s => s.connect(t.where))],
        ['quiet', () => t.peer(4, 0, p => p.write('hello'))],
        ['quiet', () => t.peer(5, 0, p => p.end())],
        ['quiet', () => t.look(6, 's0', ['bytesRead'])],
      ]),
    })),
    {
      name: 'onread that answers false stops reading, and is no pause',
      setup,
      body: asBody((t, net) => [
        ['now', () => t.make(1, 's0', () => net.connect({ ...t.where, onread: t.onread('s0', 10, false) }))],
        ['quiet', () => t.peer(2, 0, p => p.write('0123456789abcdefghij'))],
        [
          'quiet',
          () => {
            t.look(3, 's0', ['readableFlowing'])
            t.do(4, 's0', s => s.resume())
          },
        ],
      ]),
    },
    {
      name: 'a refused connection under for await: the rejection before close',
      setup,
      body: asBody((t, net) => [
        [
          'now',
          () => {
            t.make(1, 's0', () => net.connect(t.refused))
            t.read(2, 's0', 'iterate')
          },
        ],
      ]),
    },
  ]
}

/** @param {Setup} setup @returns {KnownProgram[]} */
function ending(setup) {
  return [
    {
      name: 'end, then destroy after one turn: finish and the callback come',
      setup: { ...setup, peerHalfOpen: true },
      body: asBody((t, net) => [
        ['now', () => connecting(t, net, { allowHalfOpen })],
        ['quiet', () => t.do(2, 's0', s => s.end(t.cb(2, 's0')))],
        ['immediate', () => t.do(3, 's0', s => s.destroy())],
      ]),
    },
    {
      name: "end with the peer's bytes and end on their way: finish before data",
      setup,
      body: asBody((t, net) => [
        [
          'now',
          () => {
            connecting(t, net)
            t.read(2, 's0', 'data')
          },
        ],
        [
          'quiet',
          () => {
            t.peer(3, 0, p => p.end('hello'))
            t.do(4, 's0', s => s.end(t.cb(4, 's0')))
          },
        ],
      ]),
    },
    {
      name: "destroySoon with the peer's bytes on their way: nothing more is delivered",
      setup,
      body: asBody((t, net) => [
        [
          'now',
          () => {
            connecting(t, net)
            t.read(2, 's0', 'data')
          },
        ],
        [
          'quiet',
          () => {
            t.peer(3, 0, p => p.write('hello'))
            t.do(4, 's0', s => s.destroySoon())
          },
        ],
      ]),
    },
    {
      name: 'a write after both ends, and of null then',
      setup,
      body: asBody((t, net) => [
        [
          'now',
          () => {
            connecting(t, net, { allowHalfOpen })
            t.read(2, 's0', 'resume')
          },
        ],
        [
          'quiet',
          () => {
            t.peer(3, 0, p => p.end())
            t.do(4, 's0', s => s.end())
          },
        ],
        [
          'quiet',
          () => {
            t.do(5, 's0', s => s.write('x', t.cb(5, 's0')))
            t.do(6, 's0', s => s.write(null))
          },
        ],
      ]),
    },
    {
      name: 'a write to a peer that has gone',
      setup,
      body: asBody((t, net) => [
        ['now', () => connecting(t, net)],
        [
          'quiet',
          () => {
            t.peer(2, 0, p => p.resetAndDestroy())
            t.do(3, 's0', s => s.write('x'))
            t.look(4, 's0', ['bytesWritten'])
          },
        ],
      ]),
    },
  ]
}

/** @param {Setup} setup @returns {KnownProgram[]} */
function connectingTwice(setup) {
  return [
    {
      name: 'connect on a connected socket',
      setup,
      body: connected(t => t.do(2, 's0', s => s.connect(t.where))),
    },
    {
      name: 'connect twice in one turn',
      setup,
      body: asBody((t, net) => [
        [
          'now',
          () => {
            connecting(t, net)
            t.do(2, 's0', s => s.connect(t.where))
          },
        ],
      ]),
    },
  ]
}
