// What the arguments of node:net's `server.listen` ask for, as far as a cluster cares.

export interface WantedListener {
  readonly port?: number
  readonly host?: string
  readonly path?: string
  readonly backlog: number
  readonly ipv6Only: boolean
  readonly exclusive: boolean
  readonly reusePort: boolean
  readonly callback: (() => void) | undefined
}

interface ListenOptions {
  readonly port?: unknown
  readonly host?: unknown
  readonly path?: unknown
  readonly backlog?: unknown
  readonly ipv6Only?: unknown
  readonly exclusive?: unknown
  readonly reusePort?: unknown
  readonly fd?: unknown
  readonly _handle?: unknown
  readonly handle?: unknown
  readonly signal?: unknown
  readonly readableAll?: unknown
  readonly writableAll?: unknown
}

const BACKLOG = 511

/** The wish behind the arguments; null where the host should do it alone (handles, descriptors, or what is not valid). */
export function readListenArguments(args: readonly unknown[]): WantedListener | null {
  const last = args.at(-1)
  const callback = typeof last === 'function' ? (last as () => void) : undefined
  const [first, second, third] = callback ? args.slice(0, -1) : args
  if (typeof first === 'object' && first !== null) return fromOptions(first, callback)
  const backlog = backlogOf(third) ?? backlogOf(second) ?? BACKLOG
  const common = { backlog, ipv6Only: false, exclusive: false, reusePort: false, callback }
  if (typeof first === 'string' && !isPort(first)) return { ...common, path: first }
  if (first !== undefined && first !== null && !isPort(first)) return null
  return { ...common, port: Number(first ?? 0), host: typeof second === 'string' ? second : undefined }
}

function fromOptions(options: ListenOptions, callback: (() => void) | undefined): WantedListener | null {
  // An abort signal and modes of the socket file are things that only the host's listen does.
  const { fd, _handle, handle, signal, readableAll, writableAll } = options
  if ([fd, _handle, handle, signal].some(value => value !== undefined) || readableAll || writableAll)
    return null
  const common = {
    backlog: backlogOf(options.backlog) ?? BACKLOG,
    ipv6Only: options.ipv6Only === true,
    exclusive: options.exclusive === true,
    reusePort: options.reusePort === true,
    callback,
  }
  if (isPort(options.port) || ('port' in options && options.port === null)) {
    return {
      ...common,
      port: Number(options.port ?? 0),
      host: typeof options.host === 'string' ? options.host : undefined,
    }
  }
  return typeof options.path === 'string' && options.port === undefined
    ? { ...common, path: options.path }
    : null
}

function backlogOf(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined
}

function isPort(value: unknown): boolean {
  if (typeof value !== 'number' && (typeof value !== 'string' || value.trim() === '')) return false
  const port = Number(value)
  return Number.isInteger(port) && port >= 0 && port <= 65_535
}
