// Calls that are wrong, and how to make them: each on whichever net it is given. Not a test by itself.
import { closeSync, openSync } from 'node:fs'
import { tmpdir } from 'node:os'
import type { Net } from './record'

type Call = (net: Net) => unknown

/** Ends what a call may have begun, so that only its own outcome counts. */
function quiet<T>(emitter: T): T {
  const it = emitter as { on?(event: string, listener: () => void): void; destroy?(): void; close?(): void }
  it.on?.('error', () => {})
  it.destroy?.()
  return emitter
}

function transferred(): Uint8Array {
  const bytes = new Uint8Array(8)
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  return bytes
}

const asAny = (value: unknown): never => value as never

function listening(net: Net, ...args: unknown[]): unknown {
  const server = net.createServer().on('error', () => {})
  server.listen(...(args as []))
  server.close()
  return true
}

const connecting = (net: Net, ...args: unknown[]): unknown => {
  quiet(net.connect(...(args as [never])))
  return true
}

const socket = (net: Net, options?: unknown): unknown => {
  quiet(new net.Socket(asAny(options)))
  return true
}

/** Each call with its name. They throw, or do not, at once. */
export const wrongCalls: Record<string, Call> = {
  'createServer with a string': net => net.createServer(asAny('x')),
  'createServer with a number': net => net.createServer(asAny(1)),
  'createServer with true': net => net.createServer(asAny(true)),
  'createServer with a wrong keepAliveInitialDelay': net =>
    net.createServer(asAny({ keepAliveInitialDelay: 'x' })),
  'createServer with a wrong highWaterMark': net => net.createServer(asAny({ highWaterMark: 'x' })),
  'getConnections without a callback': net => net.createServer().getConnections(asAny(undefined)),
  'listen with an empty object': net => listening(net, {}),
  'listen with a host alone': net => listening(net, { host: 'localhost' }),
  'listen with true': net => listening(net, true),
  'listen with an array': net => listening(net, []),
  'listen with a port below 0': net => listening(net, -1),
  'listen with a port above 65535': net => listening(net, 65_536),
  'listen with a port that is no number': net => listening(net, { port: 'x' }),
  'listen with a port that is empty': net => listening(net, { port: '' }),
  'listen with a fractional port': net => listening(net, { port: 1.5 }),
  'listen with a port that is NaN': net => listening(net, { port: Number.NaN }),
  'listen with a port that is an object': net => listening(net, { port: {} }),
  'listen with a port that is true': net => listening(net, { port: true }),
  'listen with a descriptor below 0': net => listening(net, { fd: -1 }),
  'listen with a descriptor that is a string': net => listening(net, { fd: 'x' }),
  'listen with a path that is a number': net => listening(net, { path: 5 }),
  'listen with a signal that is none': net => listening(net, { port: 0, signal: 'x' }),
  'listen twice': net => {
    const server = net.createServer().listen(0)
    try {
      return server.listen(0)
    } finally {
      server.close()
    }
  },
  'connect without arguments': net => connecting(net),
  'connect with an empty object': net => connecting(net, {}),
  'connect with null as port': net => connecting(net, { port: null }),
  'connect with an object as port': net => connecting(net, { port: {} }),
  'connect with true as port': net => connecting(net, { port: true }),
  'connect with a port below 0': net => connecting(net, -1),
  'connect with a port above 65535': net => connecting(net, 65_536),
  'connect with a port that is no number': net => connecting(net, { port: 'x' }),
  'connect with a blank port': net => connecting(net, { port: ' ' }),
  'connect with a path that is a number': net => connecting(net, { path: 5 }),
  'connect from a name': net => connecting(net, { port: 1, host: '127.0.0.1', localAddress: 'localhost' }),
  'connect from a port that is a string': net =>
    connecting(net, { port: 1, host: '127.0.0.1', localPort: 'x' }),
  'connect with a lookup that is a number': net => connecting(net, { port: 1, host: 'h', lookup: 5 }),
  'connect with wrong hints': net => connecting(net, { port: 1, host: 'h', hints: 555 }),
  'connect with a wrong autoSelectFamily': net =>
    connecting(net, { port: 1, host: 'h', autoSelectFamily: 5 }),
  'connect with a wrong attempt timeout': net =>
    connecting(net, { port: 1, host: 'h', autoSelectFamilyAttemptTimeout: -5 }),
  'connect with a wrong timeout': net => connecting(net, { port: 1, host: '127.0.0.1', timeout: 'x' }),
  'a socket in object mode': net => socket(net, { objectMode: true }),
  'a socket with readableObjectMode': net => socket(net, { readableObjectMode: true }),
  'a socket with writableObjectMode': net => socket(net, { writableObjectMode: true }),
  'a socket on a descriptor below 0': net => socket(net, { fd: -1 }),
  'a socket on a descriptor that is a string': net => socket(net, { fd: 'a' }),
  'a socket on a descriptor that is closed': net => socket(net, { fd: 9999 }),
  'a socket on a folder': net => {
    const fd = openSync(tmpdir(), 'r')
    try {
      return socket(net, { fd })
    } finally {
      closeSync(fd)
    }
  },
  'a socket with a signal that is none': net => socket(net, { signal: 'x' }),
  'a socket with a wrong keepAliveInitialDelay': net => socket(net, { keepAliveInitialDelay: 'x' }),
  'a socket with a wrong highWaterMark': net => socket(net, { highWaterMark: -1 }),
  'setTimeout with a string': net => new net.Socket().setTimeout(asAny('x')),
  'setTimeout below 0': net => new net.Socket().setTimeout(-1),
  'setTimeout without end': net => new net.Socket().setTimeout(Number.POSITIVE_INFINITY),
  'setTimeout with a callback that is none': net => new net.Socket().setTimeout(1, asAny('x')),
  'setEncoding with no encoding': net => new net.Socket().setEncoding(asAny('x')),
  'write of null': net => new net.Socket().write(asAny(null)),
  'write of a number': net => new net.Socket().write(asAny(5)),
  'write of an object': net => new net.Socket().write(asAny({})),
  'write of bytes whose buffer was taken away': net => new net.Socket().write(transferred()),
  'end in an encoding that is a number': net => new net.Socket().end('x', asAny(5)),
  'pending of the prototype': net => net.Socket.prototype.pending,
  'write in no encoding': net => new net.Socket().write('x', asAny('no-such-encoding')),
  'setDefaultAutoSelectFamily with a number': net => net.setDefaultAutoSelectFamily(asAny(1)),
  'setDefaultAutoSelectFamilyAttemptTimeout below 1': net => net.setDefaultAutoSelectFamilyAttemptTimeout(0),
  'setDefaultAutoSelectFamilyAttemptTimeout with a string': net =>
    net.setDefaultAutoSelectFamilyAttemptTimeout(asAny('x')),
  'Server called without new': net => (net.Server as unknown as () => object)() instanceof net.Server,
  'Socket called without new': net => (net.Socket as unknown as () => object)() instanceof net.Socket,
}

/** Those that say something on Node 26 alone. */
export const newerWrongCalls: Record<string, Call> = {
  'connect to a host that is an object': net => connecting(net, { port: 1, host: {} }),
  'createServer with a block list that is none': net => net.createServer(asAny({ blockList: 5 })),
  'connect with a block list that is none': net =>
    connecting(net, { port: 1, host: '127.0.0.1', blockList: 5 }),
  'setTypeOfService above 255': net => new net.Socket().setTypeOfService(256),
  'setTypeOfService with a string': net => new net.Socket().setTypeOfService(asAny('x')),
  'a socket with a wrong typeOfService': net => socket(net, { typeOfService: 256 }),
}
