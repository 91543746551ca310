// What writes must do in the cases that are easily got wrong. It plays nothing.
import { asBody, connected, connecting } from './scene.mjs'

/** @typedef {import('../stage.mjs').Stage} Stage */
/** @typedef {import('../stage.mjs').Setup} Setup */
/** @typedef {import('./index.mjs').KnownProgram} KnownProgram */

/** The laws of writing, over one kind of connection. @param {Setup} setup @returns {KnownProgram[]} */
export const writing = setup => [...order(setup), ...beforeConnection(setup), ...callbacks(setup)]

/** @param {Setup} setup @returns {KnownProgram[]} */
function order(setup) {
  return [
    {
      name: 'cork, a write, uncork, two writes: in order',
      setup,
      body: connected(t => {
        t.do(2, 's0', s => s.cork())
        t.do(3, 's0', s => s.write('1'))
        t.do(4, 's0', s => s.uncork())
        t.do(5, 's0', s => s.write('2'))
        t.do(6, 's0', s => s.write('3'))
      }),
    },
    {
      name: 'two corked writes, uncork, two writes: in order',
      setup,
      body: connected(t => {
        t.do(2, 's0', s => s.cork())
        t.do(3, 's0', s => s.write('1'))
        t.do(4, 's0', s => s.write('2'))
        t.do(5, 's0', s => s.uncork())
        t.do(6, 's0', s => s.write('3'))
        t.do(7, 's0', s => s.write('4'))
      }),
    },
    {
      name: 'a text and three Buffers in one turn: in order',
      setup,
      body: connected(t => {
        for (const [id, data] of ['1', Buffer.from('2'), Buffer.from('3'), Buffer.from('4')].entries()) {
          t.do(id + 2, 's0', s => s.write(data))
        }
      }),
    },
    {
      name: 'headers corked with each of three messages: in order',
      setup,
      body: connected(t => {
        for (const one of ['a', 'b', 'c']) {
          t.do(2, 's0', s => s.cork())
          t.do(3, 's0', s => s.write(Buffer.from(`<${one}`)))
          t.do(4, 's0', s => s.write(Buffer.from(`${one}>`), t.cb(4, 's0')))
          t.do(5, 's0', s => s.uncork())
        }
      }),
    },
    {
      name: 'one Buffer, filled anew after each write that was taken: the bytes of each call',
      setup,
      body: connected(t => {
        t.do(2, 's0', s => s.write(t.refill('s0', 'A', 3)))
        t.do(3, 's0', s => s.write(t.refill('s0', 'B', 3)))
        t.do(4, 's0', s => s.write(t.refill('s0', 'C', 3)))
      }),
    },
  ]
}

/** @param {Setup} setup @returns {KnownProgram[]} */
function beforeConnection(setup) {
  /** @type {[string, (t: Stage, s: any) => void][]} */
  const listeners = [
    [
      'writes and ends',
      (t, s) => {
        t.do(4, 's0', () => s.write('2'))
        t.do(5, 's0', () => s.end('3'))
      },
    ],
    [
      'writes hex and ends',
      (t, s) => {
        t.do(4, 's0', () => s.write('32', 'hex'))
        t.do(5, 's0', () => s.end('3'))
      },
    ],
    [
      'corks, writes and ends',
      (t, s) => {
        t.do(3, 's0', () => s.cork())
        t.do(4, 's0', () => s.write('2'))
        t.do(5, 's0', () => s.end('3'))
      },
    ],
    [
      'looks, writes and ends',
      (t, s) => {
        t.look(3, 's0')
        t.do(4, 's0', () => s.write('2'))
        t.do(5, 's0', () => s.end('3'))
      },
    ],
    [
      'writes 16 KiB and ends',
      (t, s) => {
        t.do(4, 's0', () => s.write('2'.repeat(16384)))
        t.do(5, 's0', () => s.end('3'))
      },
    ],
    ['destroys', (t, s) => t.do(4, 's0', () => s.destroy())],
    ['throws', t => t.throw('mine')],
    ['resets', (t, s) => t.do(4, 's0', () => s.resetAndDestroy())],
    ['ends', (t, s) => t.do(4, 's0', () => s.end())],
  ]
  return listeners.map(([what, act]) => ({
    name: `a write before the connection, whose listener ${what}`,
    setup,
    body: asBody((t, net) => [
      [
        'now',
        () => {
          connecting(t, net)
          t.do(2, 's0', s => s.write('1', t.cb(2, 's0')))
          t.on(3, 's0', 'connect', s => act(t, s))
        },
      ],
      ['quiet', () => t.look(6, 's0')],
    ]),
  }))
}

/** @param {Setup} setup @returns {KnownProgram[]} */
function callbacks(setup) {
  return [
    {
      name: 'callbacks of a text, base64 and a text: in order',
      setup,
      body: connected(t => {
        t.do(2, 's0', s => s.write('1', t.cb(2, 's0')))
        t.do(3, 's0', s => s.write('MzI=', 'base64', t.cb(3, 's0')))
        t.do(4, 's0', s => s.write('3', t.cb(4, 's0')))
      }),
    },
    {
      name: 'callbacks of nine writes of 3,000 bytes: in order',
      setup,
      body: connected(t => {
        for (let id = 2; id < 11; id++) t.do(id, 's0', s => s.write(String(id).repeat(3000), t.cb(id, 's0')))
      }),
    },
    {
      name: "'drain' comes ahead of the callback of a small write before the large one",
      setup,
      body: connected(t => {
        t.do(2, 's0', s =>
          s.write(
            '1',
            t.cb(2, 's0', () => t.on(3, 's0', 'drain', one => t.do(4, 's0', () => one.write('late')))),
          ),
        )
        t.do(5, 's0', s => s.cork())
        t.do(6, 's0', s => s.write('F'.repeat(50_000), t.cb(6, 's0')))
        t.do(7, 's0', s => s.uncork())
      }),
    },
    {
      name: 'an end of a socket that the callback of a write has destroyed: it is called back',
      setup,
      body: connected(t => {
        t.do(2, 's0', s =>
          s.write(
            '1',
            t.cb(2, 's0', () => {
              t.do(3, 's0', one => one.destroy())
              t.do(4, 's0', one => one.end(t.cb(4, 's0')))
            }),
          ),
        )
      }),
    },
    {
      name: 'arguments that are none: an encoding, a callback, bytes that were taken away',
      setup,
      body: connected(t => {
        t.do(2, 's0', s => s.write('1', 5))
        t.do(3, 's0', s => s.write(t.transferred(Buffer), t.cb(3, 's0')))
        t.do(4, 's0', s => s.write(t.transferred(Uint8Array), t.cb(4, 's0')))
        t.do(5, 's0', s => s.cork())
        t.do(6, 's0', s => s.write('2'))
        t.do(7, 's0', s => s.write(t.transferred(Buffer), t.cb(7, 's0')))
        t.do(8, 's0', s => s.uncork())
        t.do(9, 's0', s => s.end('3', {}))
        t.do(10, 's0', s => s.end('4', 'utf8', {}))
      }),
    },
    {
      name: 'a callback that throws costs another socket nothing',
      setup,
      body: asBody((t, net) => [
        ['now', () => connecting(t, net)],
        ['quiet', () => t.make(2, 's1', () => net.connect({ ...t.where, noDelay: true }))],
        [
          'quiet',
          () => {
            t.do(3, 's0', s =>
              s.write(
                '1',
                t.cb(3, 's0', () => t.throw('mine')),
              ),
            )
            t.do(4, 's0', s => s.write('2', t.cb(4, 's0')))
            t.do(5, 's1', s => s.write('3', t.cb(5, 's1')))
          },
        ],
      ]),
    },
    {
      name: 'connect, destroy, write: the callback before close',
      setup,
      body: asBody((t, net) => [
        [
          'now',
          () => {
            connecting(t, net)
            t.do(2, 's0', s => s.destroy())
            t.do(3, 's0', s => s.write('1', t.cb(3, 's0')))
          },
        ],
      ]),
    },
  ]
}
