// What `require('node:net')` gives in a registered program: a plain object, so that programs can replace its members as
// they can with Node's own. It knows nothing of how modules are loaded.
import nodeNet from 'node:net'
import { readConnectArguments } from '../args/connect'
import * as core from '../public'

type AnyClass = abstract new (...args: never[]) => object

/** The object, with the members of Node's own that programs are known to use beside the documented ones. */
export function makeFace(): Record<string, unknown> {
  acceptNodes(core.Socket as unknown as AnyClass, nodeNet.Socket)
  acceptNodes(core.Server as unknown as AnyClass, nodeNet.Server)
  return { ...core, _normalizeArgs: normalizeArgs }
}

/**
 * Lets `value instanceof ours` hold for Node's own objects too: those of `node:http` and `node:tls` stay Node's, and
 * programs ask whether they are sockets.
 */
function acceptNodes(ours: AnyClass, nodes: AnyClass): void {
  const isInstance = Function.prototype[Symbol.hasInstance]
  Object.defineProperty(ours, Symbol.hasInstance, {
    configurable: true,
    value(this: AnyClass, value: unknown) {
      return isInstance.call(this, value) || (this === ours && value instanceof nodes)
    },
  })
}

function normalizeArgs(args: readonly unknown[]): unknown[] {
  const { options, callback } = readConnectArguments(args)
  return [options, callback ?? null]
}
