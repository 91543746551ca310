// Programs that the memory network played another way than node:net once, cut down, and with what they show as their names:
// what comes before what between sockets, in one turn of the event loop. It plays nothing.
import { allowHalfOpen, asBody, connecting, serving, tcpClient, toldToConnect, unixClient } from './scene.mjs'

/** @type {import('./index.mjs').KnownProgram[]} */
export const foundOnMemory = [
  {
    name: "an end in a 'connect' listener is told before the next connection is made",
    setup: tcpClient,
    body: asBody((t, net) => [
      [
        'now',
        () => {
          const lookup = t.lookup('now')
          t.make(1, 's0', () => new net.Socket({ noDelay: true }))
          const made = t.cb(2, 's0', () => t.pipeline(3, 's1', 's0'))
          t.do(2, 's0', s => t.may('connect', s) && s.connect({ ...t.where, host: 'x.test', lookup }, made))
          t.make(5, 's1', () => new net.Socket({ noDelay: true }))
          const ended = t.cb(6, 's1', () => t.do(7, 's1', s => t.may('end', s) && s.end()))
          t.do(6, 's1', s => t.may('connect', s) && s.connect(t.where, ended))
        },
      ],
    ]),
  },
  {
    name: 'a pipe of a socket that has ended into another one pauses before it closes',
    setup: tcpClient,
    body: asBody((t, net) => [
      [
        'now',
        () => {
          connecting(t, net)
          toldToConnect(t, net, { allowHalfOpen }, [2, 's1'])
        },
      ],
      ['quiet', () => t.peer(6, 1, p => p.end())],
      [
        'quiet',
        () => {
          t.on(9, 's1', 'pause', () => t.do(10, 's1', s => s.pipe(t.own.s0)))
          t.do(11, 's1', s => s.pipe(s))
        },
      ],
    ]),
  },
  {
    name: 'a pipeline into a socket that is destroyed closes its source before that pauses',
    setup: { ...unixClient, role: 'server' },
    body: asBody((t, net) => [
      ['now', () => serving(t, net)],
      ['quiet', () => t.peerConnects(4)],
      ['quiet', () => t.peerConnects(5)],
      [
        'quiet',
        () => {
          t.do(6, 's1', s => s.destroy())
          t.pipeline(9, 's0', 's1')
        },
      ],
    ]),
  },
  {
    name: 'a local connection that is refused is told before one that is made, and one is closed before the poll',
    setup: unixClient,
    body: asBody((t, net) => [
      [
        'now',
        () => {
          toldToConnect(t, net)
          toldToConnect(t, net, {}, [3, 's1', t.refused])
          t.do(6, 's1', s => t.may('cork', s) && s.cork())
          t.do(8, 's1', s =>
            s.write(
              'C',
              t.cb(8, 's1', () => t.look(9, 's0')),
            ),
          )
        },
      ],
    ]),
  },
  {
    name: "a pipeline of a refused local socket into one that connects: its 'error' comes before 'connect'",
    setup: unixClient,
    body: asBody((t, net) => [
      [
        'now',
        () => {
          toldToConnect(t, net)
          toldToConnect(t, net, {}, [3, 's1', t.refused])
          t.pipeline(7, 's1', 's0')
        },
      ],
    ]),
  },
  {
    name: 'a reset before the poll has told of the connection is an error of its connect',
    setup: { ...tcpClient, role: 'server' },
    body: asBody((t, net) => [
      [
        'now',
        () =>
          serving(t, net, s => {
            t.do(3, 's0', () =>
              s.write(
                'A',
                t.cb(3, 's0', () => s.resetAndDestroy()),
              ),
            )
          }),
      ],
      ['quiet', () => t.peerConnects(7)],
    ]),
  },
  {
    name: 'an end comes back before a connection whose lookup takes a turn is made',
    setup: tcpClient,
    body: asBody((t, net) => [
      [
        'now',
        () => {
          toldToConnect(t, net, { allowHalfOpen })
          t.make(4, 's1', () => new net.Socket({ noDelay: true }))
        },
      ],
      [
        'quiet',
        () => {
          t.do(15, 's0', s => t.may('end', s) && s.end())
          const made = t.cb(16, 's1', () => t.do(17, 's0', s => s.destroy()))
          const to = { ...t.where, host: 'x.test', lookup: t.lookup('now') }
          t.do(16, 's1', s => t.may('connect', s) && s.connect(to, made))
        },
      ],
    ]),
  },
]
