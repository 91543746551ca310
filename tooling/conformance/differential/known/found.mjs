// Programs that differed from node:net once, cut down: `main.mjs --entries FILE` writes them, each in full. It plays nothing.
import { allowHalfOpen, asBody, connecting, tcpClient, toldToConnect, unixClient } from './scene.mjs'

/** @type {import('./index.mjs').KnownProgram[]} */
export const found = [
  {
    name: 'a peer hears by a reset of bytes that a paused reader left to the system',
    setup: unixClient,
    body: asBody((t, net) => [
      ['now', () => toldToConnect(t, net, { onread: t.onread('s0', 1000, undefined) })],
      [
        'quiet',
        () => {
          t.peer(4, 0, p => p.write('A'))
          t.do(3, 's0', s => s.pause())
        },
      ],
    ]),
  },
  {
    name: 'onread that answers false reads no more until resume',
    setup: tcpClient,
    isBulk: true,
    body: asBody((t, net) => [
      ['now', () => connecting(t, net, { onread: t.onread('s0', 10, false) })],
      ['quiet', () => t.peer(4, 0, p => p.write('A'.repeat(3000)))],
      ['quiet', () => t.do(7, 's0', s => s.resume())],
      ['quiet', () => t.peer(9, 0, p => p.write('E'.repeat(20000)))],
      ['quiet', () => t.peer(1000, 0, p => p.resume())],
      ['quiet', () => t.peer(1001, 1, p => p.resume())],
    ]),
  },
  {
    name: 'a connection with both ends closes before what its end began elsewhere',
    setup: tcpClient,
    body: asBody((t, net) => [
      [
        'now',
        () => {
          connecting(t, net)
          t.make(2, 's1', () => net.connect({ ...t.where, noDelay: true }))
        },
      ],
      [
        'quiet',
        () => {
          t.peer(5, 1, p => p.write('A'))
          t.do(10, 's1', s => t.may('end', s) && s.end())
        },
      ],
      ['quiet', () => t.do(12, 's1', s => s.pipe(t.own.s0))],
    ]),
  },
  {
    name: "'close' after a failed write comes in its turn",
    setup: unixClient,
    body: asBody((t, net) => [
      ['now', () => connecting(t, net, { allowHalfOpen })],
      ['quiet', () => t.peer(2, 0, p => p.destroy())],
      ['quiet', () => t.do(9, 's0', s => t.may('end', s) && s.end('A'))],
      ['immediate', () => t.do(12, 's0', s => s.read(0))],
    ]),
  },
  {
    name: 'the callback of a failed write comes before the stream is destroyed',
    setup: unixClient,
    isBulk: true,
    body: asBody((t, net) => [
      ['now', () => connecting(t, net, { allowHalfOpen })],
      ['quiet', () => t.peer(2, 0, p => p.destroy())],
      [
        'quiet',
        () => {
          const written = t.cb(7, 's0', () => {
            t.do(8, 's0', s => s.write('C'.repeat(16384)))
            t.look(9, 's0')
          })
          t.do(7, 's0', s => s.write('B', written))
          t.do(12, 's0', s => t.may('cork', s) && s.cork())
          t.do(13, 's0', s => t.may('end', s) && s.end('D'))
        },
      ],
    ]),
  },
  {
    name: 'a socket that is destroyed in the turn of its connect closes before the next turn',
    setup: tcpClient,
    body: asBody((t, net) => [
      [
        'now',
        () => {
          toldToConnect(t, net)
          toldToConnect(t, net, {}, [6, 's1'])
          t.do(8, 's0', s => s.destroy())
          t.do(9, 's1', s => s.pipe(t.own.s0))
        },
      ],
    ]),
  },
  {
    name: 'a close with bytes that onread did not take resets the connection',
    setup: { ...tcpClient, peerHalfOpen: true },
    isBulk: true,
    body: asBody((t, net) => [
      ['now', () => toldToConnect(t, net, { onread: t.onread('s0', 10, false) })],
      ['quiet', () => t.peer(6, 0, p => p.write('A'.repeat(20000)))],
    ]),
  },
  {
    name: "'close' comes after all that callbacks of a cut write put off by a tick",
    setup: { ...unixClient, peerPaused: true },
    isBulk: true,
    body: asBody((t, net) => [
      [
        'now',
        () => {
          connecting(t, net)
          t.do(3, 's0', s => s.write('B'.repeat(1000000)))
          const ended = t.cb(9, 's0', () => t.do(10, 's0', s => s.write('F', written)))
          const written = t.cb(10, 's0', () => t.do(11, 's0', s => s.write('G', t.cb(11, 's0'))))
          t.do(9, 's0', s => t.may('end', s) && s.end(ended))
        },
      ],
    ]),
  },
  {
    name: 'the own address of a second connection that is being made',
    setup: tcpClient,
    body: asBody((t, net) => [
      ['now', () => toldToConnect(t, net)],
      ['quiet', () => t.peer(6, 0, p => p.end())],
      ['quiet', () => t.do(8, 's0', s => t.may('connect', s) && s.connect(t.where))],
      ['tick', () => t.look(10, 's0')],
    ]),
  },
  {
    name: 'a reset while the end is on its way is an error of the read',
    setup: tcpClient,
    isBulk: true,
    body: asBody((t, net) => [
      [
        'now',
        () => {
          toldToConnect(t, net)
          toldToConnect(t, net, {}, [3, 's1'])
        },
      ],
      [
        'quiet',
        () => {
          t.peer(8, 0, p => p.write('A'.repeat(70000)))
          t.peer(11, 0, p => p.destroy())
        },
      ],
      ['quiet', () => t.do(10, 's0', s => s.pipe(t.own.s1))],
      ['immediate', () => t.peer(12, 1, p => p.resetAndDestroy())],
    ]),
  },
  {
    name: 'a receiver of small buffers hears of 32 in a turn of the loop',
    setup: unixClient,
    body: asBody((t, net) => [
      ['now', () => toldToConnect(t, net, { onread: t.onread('s0', 10, true, true) })],
      ['quiet', () => t.peer(6, 0, p => p.write('A'.repeat(3000)))],
      ['immediate', () => t.on(8, 's0', 'error', () => t.throw('boom 9'))],
    ]),
  },
]
