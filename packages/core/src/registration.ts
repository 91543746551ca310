// Whether this thread has @x/core in the place of node:net. A mark on the global object, so that every copy of the package
// agrees; it puts nothing in place itself.

const mark = Symbol.for('@x/core.registered')

/** What `register` leaves for the modules that it answers with. */
export interface Registration {
  /** The object that `require('node:net')` gives. */
  readonly net: object
}

type Marked = typeof globalThis & { [mark]?: Registration }

/**
 * True in a program that was started with `node --import @x/core/register` (or `--require`), or that has loaded
 * `@x/core/register` itself: then `node:net` is this package for all modules of the program that load from now on.
 */
export function isRegistered(): boolean {
  return registration() !== undefined
}

export function registration(): Registration | undefined {
  return (globalThis as Marked)[mark]
}

export function setRegistration(made: Registration): void {
  Object.defineProperty(globalThis, mark, { value: made, configurable: true })
}

/** The name of the mark, for modules that are made of source text. */
export const MARK_NAME: string = mark.description!
