// Node's one-time operations by their `async_hooks` types: lookups, files, `crypto`, connects. It knows names alone.
import { AsyncResource } from 'node:async_hooks'

const OPERATION = /(?:REQUEST|REQWRAP|REQ|CONNECTWRAP|REQCALLBACK|REQPROMISE|QUERYWRAP)$|^Immediate$/

/** True for the name of an operation. A library's own resource may have such a name, too, as undici's UNDICI_REQUEST. */
export function isOperationName(type: string): boolean {
  // Node names its HTTP parsers so.
  return OPERATION.test(type) && !type.startsWith('HTTP')
}

/** True for a resource that is one operation of Node, over when it is destroyed. */
export function isOperation(type: string, resource: object): boolean {
  return isOperationName(type) && !(resource instanceof AsyncResource)
}
