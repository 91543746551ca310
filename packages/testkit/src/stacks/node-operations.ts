// Node's one-time operations by their `async_hooks` types: lookups, files, `crypto`, connects. It knows names alone.

const OPERATION = /(?:REQUEST|REQWRAP|REQ|CONNECTWRAP|REQCALLBACK|REQPROMISE|QUERYWRAP)$|^Immediate$/

/** True for a type of which each resource is one operation, over when the resource is destroyed. */
export function isOperation(type: string): boolean {
  // Node names its HTTP parsers so.
  return OPERATION.test(type) && !type.startsWith('HTTP')
}
