// What a server must do in the cases that are easily got wrong. It plays nothing.

/** @typedef {import('../stage.mjs').Stage} Stage */
/** @typedef {import('../stage.mjs').Setup} Setup */
/** @typedef {import('./index.mjs').KnownProgram} KnownProgram */

/** @type {Setup} */
const setup = { role: 'server', family: 'tcp', peerHalfOpen: true }

/** @returns {KnownProgram[]} */
export function serving() {
  /** @param {Stage} t @param {any} net */
  const made = (t, net) =>
    t.make(1, 'v0', () => net.createServer({ noDelay: true }, (/** @type {any} */ s) => t.accepted(s)))
  return [
    {
      name: 'close and listen in one turn: close comes',
      setup,
      body: (t, net) => [
        [
          'now',
          () => {
            made(t, net)
            t.do(2, 'v0', v => v.listen(t.place))
          },
        ],
        [
          'quiet',
          () => {
            t.do(3, 'v0', v => v.close(t.cb(3, 'v0')))
            t.do(4, 'v0', v => v.listen(t.place, t.cb(4, 'v0')))
          },
        ],
      ],
    },
    {
      name: 'listen with wrong arguments while listening',
      setup,
      body: (t, net) => [
        [
          'now',
          () => {
            made(t, net)
            t.do(2, 'v0', v => v.listen(t.place))
          },
        ],
        [
          'quiet',
          () => {
            t.do(3, 'v0', v => v.listen({}))
            t.do(4, 'v0', v => v.listen({ port: 70_000 }))
          },
        ],
      ],
    },
    {
      name: 'a server has a handle while it listens, and keeps what is assigned to connections',
      setup,
      body: (t, net) => [
        [
          'now',
          () => {
            made(t, net)
            t.look(2, 'v0', ['_handle'])
            t.do(3, 'v0', v => v.listen(t.place))
          },
        ],
        [
          'quiet',
          () => {
            t.look(4, 'v0', ['_handle'])
            t.do(5, 'v0', v => v.close())
            t.look(6, 'v0', ['_handle'])
          },
        ],
        [
          'quiet',
          () => {
            t.do(7, 'v0', v => {
              v.connections = 7
            })
          },
        ],
      ],
    },
  ]
}
