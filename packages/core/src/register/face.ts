// What `require('node:net')` gives in a registered program: a plain object, so that programs can replace its members as
// they can with Node's own. It knows nothing of how modules are loaded.
import nodeNet from 'node:net'
import * as core from '../public'

type AnyClass = abstract new (...args: never[]) => object

/** The object, of whose classes Node's own objects are instances, too. */
export function makeFace(): Record<string, unknown> {
  acceptNodes(core.Socket as unknown as AnyClass, nodeNet.Socket)
  acceptNodes(core.Server as unknown as AnyClass, nodeNet.Server)
  return { ...core }
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
