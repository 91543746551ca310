// The callback that may end a list of arguments. It knows nothing of what the list means.

export type Callback = (...args: never[]) => void

/** The last argument where it is a function, else undefined. */
export function trailingCallback(args: readonly unknown[]): Callback | undefined {
  const last = args.at(-1)
  return typeof last === 'function' ? (last as Callback) : undefined
}

/** Whether a string is the path of a local endpoint: any that does not read as a number from 0 up. */
export function isPath(value: unknown): value is string {
  return typeof value === 'string' && !(Number(value) >= 0)
}
