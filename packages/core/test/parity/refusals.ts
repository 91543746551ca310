// Connections and servers that come to nothing, or to an end: each scene is played on whichever net it is given, and
// noted. Not a test by itself.
import { once } from 'node:events'
import os from 'node:os'
import path from 'node:path'
import { type Net, type Record, SERVER_EVENTS, SOCKET_EVENTS } from './record'

type Scene = (net: Net, record: Record) => Promise<void>

const LOCAL = '127.0.0.1'
const FOREIGN = '192.0.2.1'
/** Local ports that systems give to no outgoing connection of another program (ip(7), ip_local_port_range). */
const LOCAL_PORTS = [9_321, 9_322, 9_323] as const

/** Connects, and notes all until the end. */
function attempt(options: object, prepare?: (socket: InstanceType<Net['Socket']>) => void): Scene {
  return async (net, record) => {
    const socket = record.attempt('connect', () => net.connect(options as never))
    if (socket === undefined) return
    record.watch('socket', socket, SOCKET_EVENTS)
    const over = new Promise<void>(resolve => socket.once('close', () => resolve()))
    prepare?.(socket)
    record.note(`destroyed ${socket.destroyed}, connecting ${socket.connecting}`)
    await over
    record.note(
      `destroyed ${socket.destroyed}, connecting ${socket.connecting}, readyState ${socket.readyState}`,
    )
  }
}

/** Listens, and notes what comes of it. */
function listen(...args: unknown[]): Scene {
  return async (net, record) => {
    const server = net.createServer()
    record.watch('server', server, SERVER_EVENTS)
    record.attempt('listen', () => server.listen(...(args as [])))
    await new Promise<void>(resolve => {
      for (const event of ['listening', 'error', 'close']) server.once(event, () => resolve())
    })
    record.note(`listening ${server.listening}`)
    await new Promise<void>(resolve => {
      server.close(error => {
        record.note(`close callback ${error}`)
        setImmediate(resolve)
      })
    })
  }
}

/** A server, and a client that plays a part against it. */
function conversation(
  part: (sides: {
    accepted: InstanceType<Net['Socket']>
    client: InstanceType<Net['Socket']>
    record: Record
    net: Net
  }) => void,
): Scene {
  return async (net, record) => {
    const server = net.createServer().listen(0, LOCAL)
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    record.name(port, 'PORT')
    const client = net.connect(port, LOCAL)
    const [[accepted]] = await Promise.all([once(server, 'connection'), once(client, 'connect')])
    record.name(client.localPort!, 'CLIENT')
    const sides: Record[] = []
    // Between two sockets the order is the system's; each side has its own.
    for (const [label, side] of [
      ['client', client],
      ['accepted', accepted],
    ] as const) {
      const own = record.fork()
      sides.push(own)
      own.watch(label, side, SOCKET_EVENTS)
    }
    part({ accepted, client, record, net })
    await Promise.all([closed(client), closed(accepted)])
    for (const side of sides) for (const line of side.lines) record.note(line)
    record.note(`client read ${client.bytesRead}, wrote ${client.bytesWritten}`)
    server.close()
    await closed(server)
  }
}

/** Resolves with 'close'; `events.once` would stop at an 'error'. */
async function closed(emitter: { closed?: boolean } & NodeJS.EventEmitter): Promise<void> {
  if (!emitter.closed) await new Promise<void>(resolve => emitter.once('close', () => resolve()))
}

const answering =
  (...addresses: { address: unknown; family: number }[]) =>
  (_host: string, options: { all?: boolean }, done: (...args: unknown[]) => void) => {
    if (options.all) done(null, addresses)
    else done(null, addresses[0]?.address, addresses[0]?.family)
  }

const nowhere = path.join(os.tmpdir(), 'x-core-parity-none.sock')

export const scenes: { [name: string]: Scene } = {
  'connect to a port where nobody listens': attempt({ port: 1, host: LOCAL }),
  'connect over IPv6 to a port where nobody listens': attempt({ port: 1, host: '::1' }),
  'connect to a path that is not there': attempt({ path: nowhere }),
  'connect to a path that is no socket': attempt({ path: os.tmpdir() }),
  'connect from an address of another machine': attempt({ port: 1, host: LOCAL, localAddress: FOREIGN }),
  'connect from a port of another address': attempt({
    port: 1,
    host: LOCAL,
    localAddress: FOREIGN,
    localPort: LOCAL_PORTS[0],
  }),
  'connect from an address of ours, refused': attempt({
    port: 1,
    host: LOCAL,
    localAddress: '127.0.0.2',
    localPort: LOCAL_PORTS[1],
  }),
  'connect to a name that does not exist': attempt({ port: 1, host: 'no.such.invalid' }),
  'connect where the lookup fails': attempt({
    port: 1,
    host: 'h',
    lookup: (_host: string, _options: object, done: (error: Error) => void) => done(new Error('no')),
  }),
  'connect where the lookup answers no address': attempt({
    port: 1,
    host: 'h',
    lookup: answering({ address: 'foo', family: 4 }),
  }),
  'connect where the lookup answers no family': attempt({
    port: 1,
    host: 'h',
    lookup: answering({ address: LOCAL, family: 9 }),
  }),
  'connect where one address of the lookup refuses': attempt({
    port: 1,
    host: 'h',
    lookup: answering({ address: LOCAL, family: 4 }),
  }),
  'connect where all addresses refuse': attempt({
    port: 1,
    host: 'h',
    autoSelectFamily: true,
    lookup: answering(
      { address: LOCAL, family: 4 },
      { address: '127.0.0.2', family: 4 },
      { address: '::1', family: 6 },
    ),
  }),
  'connect where the lookup answers one address twice': attempt({
    port: 1,
    host: 'h',
    autoSelectFamily: true,
    lookup: answering({ address: LOCAL, family: 4 }, { address: LOCAL, family: 4 }),
  }),
  'connect where the lookup gives no family': attempt({
    port: 1,
    host: 'h',
    autoSelectFamily: false,
    lookup: (_host: string, _options: object, done: (...args: unknown[]) => void) => done(null, LOCAL),
  }),
  'connect where the lookup gives one address and was asked for all': attempt({
    port: 1,
    host: 'h',
    autoSelectFamily: true,
    lookup: (_host: string, _options: object, done: (...args: unknown[]) => void) => done(null, LOCAL, 4),
  }),
  'connect where the lookup answers an object': attempt({
    port: 1,
    host: 'h',
    family: 4,
    lookup: (_host: string, _options: object, done: (...args: unknown[]) => void) => done(null, {}, 4),
  }),
  'connect from an address of the other family': attempt({ port: 1, host: LOCAL, localAddress: '::1' }),
  'connect to an address that is out of reach': attempt({ port: 1, host: '255.255.255.255' }),
  'a second connect while the first is under way': attempt(
    { port: 1, host: LOCAL, localAddress: LOCAL, localPort: LOCAL_PORTS[2] },
    socket => {
      socket.connect(1, LOCAL)
    },
  ),
  'connect of one family alone': attempt({
    port: 1,
    host: 'h',
    family: 4,
    lookup: answering({ address: LOCAL, family: 4 }),
  }),
  'destroyed at once': attempt({ port: 1, host: LOCAL }, socket => socket.destroy()),
  'destroyed at once with an error': attempt({ port: 1, host: LOCAL }, socket =>
    socket.destroy(new Error('mine')),
  ),
  'reset at once': attempt({ port: 1, host: LOCAL }, socket => socket.resetAndDestroy()),
  'ended at once, refused': attempt({ port: 1, host: LOCAL }, socket => socket.end('x')),
  'written at once, refused': attempt({ port: 1, host: LOCAL }, socket => void socket.write('x', () => {})),
  'written, ended and destroyed at once': async (net, record) => {
    await attempt({ port: 1, host: LOCAL }, socket => {
      socket.write('x', error => record.note(`write callback ${error}`))
      socket.end('y', () => record.note('end callback'))
      socket.once('close', () => record.note('a listener that came later'))
      socket.destroy()
    })(net, record)
  },
  'destroyed before it connects': async (net, record) => {
    for (const error of [undefined, new Error('mine')]) {
      const socket = new net.Socket()
      record.watch('socket', socket, SOCKET_EVENTS)
      socket.destroy(error)
      await closed(socket)
      await new Promise(setImmediate)
    }
  },
  'aborted at once': async (net, record) => {
    const controller = new AbortController()
    await attempt({ port: 1, host: LOCAL, signal: controller.signal }, () =>
      controller.abort(new Error('why')),
    )(net, record)
  },
  'listen on a taken port': async (net, record) => {
    const taken = net.createServer().listen(0, LOCAL)
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    record.name(port, 'PORT')
    await listen(port, LOCAL)(net, record)
    taken.close()
    await once(taken, 'close')
  },
  'listen on an address of another machine': listen(0, FOREIGN),
  'listen on a path in a folder that is not there': listen(path.join(nowhere, 'x')),
  'listen on a path that is a folder': listen(os.tmpdir()),
  'listen on a name that does not exist': listen(0, 'no.such.invalid'),
  'listen on a descriptor that is closed': listen({ fd: 9999 }),
  'listen with a signal that is aborted': listen({ port: 0, host: LOCAL, signal: AbortSignal.abort() }),
  'close of a server that does not listen': async (net, record) => {
    const server = net.createServer()
    record.watch('server', server, SERVER_EVENTS)
    record.attempt('close', () =>
      server.close(error => record.note(`callback ${error} ${(error as NodeJS.ErrnoException)?.code}`)),
    )
    await new Promise(setImmediate)
    record.attempt('close without a callback', () => server.close())
    await new Promise(setImmediate)
    record.note(`address ${server.address()}, listening ${server.listening}`)
  },
  'a listen that is closed in the same turn': async (net, record) => {
    const server = net.createServer()
    record.watch('server', server, SERVER_EVENTS)
    record.attempt('listen', () => server.listen(0, () => record.note('listen callback')))
    record.attempt('close', () => server.close(error => record.note(`close callback ${error}`)))
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
  },
  'an error that nobody listens for on a taken port': async (net, record) => {
    const taken = net.createServer().listen(0, LOCAL)
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    record.name(port, 'PORT')
    const server = net.createServer()
    const error = await new Promise<Error>(resolve => server.listen(port, LOCAL).once('error', resolve))
    record.note(`${error.message}`)
    record.attempt('listen again', () => server.listen(0, LOCAL))
    await once(server, 'listening')
    server.close()
    taken.close()
    await Promise.all([once(server, 'close'), once(taken, 'close')])
  },
  'use of a socket that never was connected': async (net, record) => {
    const socket = new net.Socket()
    record.watch('socket', socket, SOCKET_EVENTS)
    record.attempt('write', () => socket.write('x', error => record.note(`write callback ${error}`)))
    record.attempt('pause', () => socket.pause() === socket)
    record.attempt('setNoDelay', () => socket.setNoDelay() === socket)
    record.attempt('setKeepAlive', () => socket.setKeepAlive(true) === socket)
    record.attempt('address', () => JSON.stringify(socket.address()))
    record.attempt('resetAndDestroy', () => socket.resetAndDestroy() === socket)
    await closed(socket)
    record.note(`${socket.remoteAddress} ${socket.localPort} ${socket.readyState} ${socket.pending}`)
  },
  'end of a socket that never was connected': async (net, record) => {
    const socket = new net.Socket()
    record.watch('socket', socket, SOCKET_EVENTS)
    record.attempt('end', () => socket.end() === socket)
    record.attempt('write', () => socket.write('x', error => record.note(`write callback ${error}`)))
    await closed(socket)
  },
  'a reset by the peer': conversation(({ accepted }) => accepted.resetAndDestroy()),
  'an end by the peer': conversation(({ accepted, client }) => {
    accepted.end('bye')
    client.resume()
    accepted.resume()
  }),
  'a destroy on our side': conversation(({ client, accepted }) => {
    accepted.resume()
    client.destroy()
  }),
  'a destroy with an error on our side': conversation(({ client, accepted }) => {
    accepted.resume()
    client.destroy(new Error('mine'))
  }),
  'a write after the end': conversation(({ client, accepted, record }) => {
    accepted.resume()
    client.resume()
    client.end('x')
    record.attempt('write', () => client.write('y', error => record.note(`write callback ${error}`)))
  }),
  'a write after a destroy': conversation(({ client, accepted, record }) => {
    accepted.resume()
    client.destroy()
    record.attempt('write', () => client.write('y', error => record.note(`write callback ${error}`)))
  }),
  'a write after the end of both sides': conversation(({ client, accepted, record }) => {
    client.resume()
    accepted.resume()
    accepted.end()
    client.once('end', () => {
      record.attempt('write', () => client.write('y', error => record.note(`write callback ${error}`)))
    })
  }),
  'a second end, with a callback': conversation(({ client, accepted, record }) => {
    accepted.resume()
    client.resume()
    client.end('x', () => record.note('end callback'))
    record.attempt('end', () => client.end(() => record.note('second end callback')) === client)
  }),
  destroySoon: conversation(({ client, accepted }) => {
    accepted.resume()
    client.write('x')
    client.destroySoon()
  }),
}
