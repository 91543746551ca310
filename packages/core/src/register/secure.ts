// Sockets of this package that a registered program gives to node:tls: whoever read from one before hears nothing more,
// as with a socket of node:net, whose handle TLS takes over. It knows nothing of TLS.
import { syncBuiltinESMExports } from 'node:module'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import { isOwnSocket } from '../socket/adopt'

/** Has `tls.connect({ socket })` and `new tls.TLSSocket(socket)` take the socket's bytes for TLS alone. */
export function giveReadsToTls(): void {
  const members = tls as {
    connect: (...args: never[]) => unknown
    TLSSocket: new (...args: never[]) => object
  }
  const { connect, TLSSocket } = members
  members.connect = function (this: unknown, ...args: never[]) {
    for (const arg of args as unknown[]) silence((arg as { socket?: unknown } | null | undefined)?.socket)
    return Reflect.apply(connect, this, args)
  }
  members.TLSSocket = new Proxy(TLSSocket, {
    construct(target, args, newTarget) {
      silence(args[0])
      return Reflect.construct(target, args, newTarget)
    },
    apply(target, self, args) {
      silence(args[0])
      return Reflect.apply(target as unknown as () => unknown, self, args as [])
    },
  })
  syncBuiltinESMExports()
}

/** Takes the readers of a socket of this package away from it. */
function silence(socket: unknown): void {
  if (typeof socket !== 'object' || socket === null || !isOwnSocket(socket)) return
  const stream = socket as Duplex
  stream.unpipe()
  stream.removeAllListeners('data')
  stream.removeAllListeners('readable')
}
