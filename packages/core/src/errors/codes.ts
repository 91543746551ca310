// Errors with a code: the one table of them, and how such an error looks. It does not know who throws them when.
import { format } from 'node:util'
import { fallbackClause, fallbackReason } from './fallback'
import { describeReceived, describeTypes, groupDigits, shorten } from './wording'

type Fields = Readonly<Record<string, unknown>>

/** What one code says: the class it extends, its message and, for a few, further own properties. */
export interface CodeRule {
  readonly base: ErrorConstructor | TypeErrorConstructor | RangeErrorConstructor
  readonly message: (...args: never[]) => string
  readonly fields?: (...args: never[]) => Fields
}

/** A rule whose arguments the compiler has already checked. */
interface CheckedRule extends Pick<CodeRule, 'base'> {
  readonly message: (...args: unknown[]) => string
  readonly fields?: (...args: unknown[]) => Fields
}

/** A table of codes. Its keys are the values that `error.code` takes. */
export type CodeTable = Readonly<Record<string, CodeRule>>

/** Makes the error of a code; what follows the code are the arguments of its message. */
export type CodedErrorFactory<Table extends CodeTable> = <Code extends keyof Table & string>(
  code: Code,
  ...args: Parameters<Table[Code]['message']>
) => NodeJS.ErrnoException

/**
 * Makes a factory of errors from a table, so that a package has its own codes with the look of Node's: `error.code`,
 * the plain class name in `error.name`, and `TypeError [ERR_X]: message` as its string and the head of its stack.
 * Source: https://nodejs.org/api/errors.html#errorcode
 */
export function defineCodes<const Table extends CodeTable>(table: Table): CodedErrorFactory<Table> {
  return function codedError(code, ...args) {
    // Which arguments a rule takes is checked where the factory is called.
    const rule = table[code] as unknown as CheckedRule | undefined
    if (rule === undefined) throw new RangeError(`no such error code: ${code}`)
    const error = new classes[rule.base.name as keyof typeof classes](rule.message(...args))
    Object.assign(error, { code }, rule.fields?.(...args))
    // V8 writes the head of a stack from `name` at the moment of capture.
    Object.defineProperty(error, 'name', { value: `${rule.base.name} [${code}]`, configurable: true })
    Error.captureStackTrace(error, codedError)
    Reflect.deleteProperty(error, 'name')
    return error
  }
}

/** A subclass that differs from its base in `toString` alone: its `constructor` and `name` stay those of the base. */
function withCodeInString<Base extends new (message: string) => Error>(base: Base): Base {
  const coded = class extends (base as new (message: string) => Error) {
    declare code: string
    override toString(): string {
      return `${this.name} [${this.code}]: ${this.message}`
    }
  }
  Object.defineProperty(coded.prototype, 'constructor', { value: base, writable: true, configurable: true })
  return coded as unknown as Base
}

const classes = {
  Error: withCodeInString(Error),
  TypeError: withCodeInString(TypeError),
  RangeError: withCodeInString(RangeError),
}

/** `The "options.port" property` or `The "port" argument`; a name that ends in " argument" stands as it is. */
function subject(name: string): string {
  if (name.endsWith(' argument')) return `The ${name}`
  return `The "${name}" ${name.includes('.') ? 'property' : 'argument'}`
}

/** The codes of `@x/core`. `docs/errors.md` explains each of them, when it comes and what to do. */
export const codes = {
  ERR_INVALID_ADDRESS: { base: Error, message: () => 'Invalid socket address' },
  ERR_INVALID_ADDRESS_FAMILY: {
    base: RangeError,
    message: (family: unknown, host: string, port: number | string) =>
      `Invalid address family: ${family} ${host}:${port}`,
    fields: (_family: unknown, host: string, port: number | string) => ({ host, port }),
  },
  ERR_INVALID_ARG_TYPE: {
    base: TypeError,
    message: (name: string, expected: string | readonly string[], actual: unknown) =>
      `${subject(name)} must be ${describeTypes(expected)}. Received ${describeReceived(actual)}`,
  },
  ERR_INVALID_ARG_VALUE: {
    base: TypeError,
    message: (name: string, actual: unknown, reason: string = 'is invalid') =>
      `The ${name.includes('.') ? 'property' : 'argument'} '${name}' ${reason}. Received ${shorten(actual)}`,
  },
  ERR_INVALID_FD_TYPE: { base: TypeError, message: (type: string) => `Unsupported fd type: ${type}` },
  ERR_INVALID_HANDLE_TYPE: { base: TypeError, message: () => 'This handle type cannot be sent' },
  ERR_INVALID_IP_ADDRESS: {
    base: TypeError,
    message: (address: unknown) => format('Invalid IP address: %s', address),
  },
  ERR_IP_BLOCKED: {
    base: Error,
    message: (address: string) => `IP(${address}) is blocked by net.BlockList`,
  },
  ERR_MISSING_ARGS: {
    base: TypeError,
    /** A list inside the list is a choice: `"options" or "port" or "path"`. */
    message: (...names: (string | readonly string[])[]) => {
      const quoted = names.map(name =>
        [name]
          .flat()
          .map(each => `"${each}"`)
          .join(' or '),
      )
      if (quoted.length === 1) return `The ${quoted[0]} argument must be specified`
      const last = quoted.pop()
      return `The ${quoted.join(', ')}${quoted.length > 1 ? ',' : ''} and ${last} arguments must be specified`
    },
  },
  ERR_OUT_OF_RANGE: {
    base: RangeError,
    message: (name: string, range: string, actual: unknown) =>
      `The value of "${name}" is out of range. It must be ${range}. Received ${groupDigits(actual)}`,
  },
  ERR_SERVER_ALREADY_LISTEN: {
    base: Error,
    message: () => 'Listen method has been called more than once without closing.',
  },
  ERR_SERVER_NOT_RUNNING: { base: Error, message: () => 'Server is not running.' },
  ERR_SOCKET_BAD_PORT: {
    base: RangeError,
    message: (name: string, port: unknown, allowZero: boolean = true) =>
      `${name} should be ${allowZero ? '>=' : '>'} 0 and < 65536. Received ${describeReceived(port)}.`,
  },
  ERR_SOCKET_CLOSED: { base: Error, message: () => 'Socket is closed' },
  ERR_SOCKET_CLOSED_BEFORE_CONNECTION: {
    base: Error,
    message: () => 'Socket closed before the connection was established',
  },
  ERR_SOCKET_HANDLE_ADOPTED: {
    base: Error,
    message: () => 'The bound socket has already been adopted by a server or socket',
  },
  ERR_X_CLUSTER_UNREGISTERED: {
    base: Error,
    message: () =>
      'A worker of node:cluster cannot share listeners through @x/core. Start the program with `--import @x/cluster/register` in addition to `--import @x/core/register`, or listen with `exclusive: true`',
  },
  ERR_X_FILE_TOO_SHORT: {
    base: Error,
    message: (wanted: number, sent: number) =>
      `The file was truncated: only ${sent} of ${wanted} bytes could be sent`,
    fields: (wanted: number, sent: number) => ({ wanted, sent }),
  },
  ERR_X_PATH_TOO_LONG: {
    base: RangeError,
    message: (path: string, bytes: number, limit: number) =>
      `The socket path has ${bytes} bytes, the limit of this platform is ${limit}: ${path}`,
    fields: (path: string, bytes: number, limit: number) => ({ path, bytes, limit }),
  },
  ERR_X_REGISTER_UNAVAILABLE: {
    base: Error,
    message: (reason: string) =>
      `@x/core/register cannot take the place of node:net here: ${reason}. Import @x/core instead of node:net`,
    fields: (reason: string) => ({ reason }),
  },
  ERR_X_SERVER_DRAINING: {
    base: Error,
    message: () => 'The server is being drained: listen again once drain() has ended',
  },
  ERR_X_TRANSPORT_UNAVAILABLE: {
    base: Error,
    message: (transport: string, reason: string) => `The ${transport} transport does not load: ${reason}`,
    fields: (transport: string, reason: string) => ({ transport, reason }),
  },
  ERR_X_UNSUPPORTED: {
    base: Error,
    message: (transport: string, feature: string) =>
      `The ${transport} transport cannot do this: ${feature}${fallbackClause(transport)}`,
    fields: (transport: string, feature: string) => ({
      transport,
      feature,
      reason: fallbackReason(transport),
    }),
  },
} as const satisfies CodeTable

/**
 * The error of one of core's codes. The arguments after the code are those of its message; wrong ones do not compile.
 * Source: https://nodejs.org/api/errors.html#nodejs-error-codes
 */
export const codedError: CodedErrorFactory<typeof codes> = defineCodes(codes)

class AbortError extends Error {
  readonly code = 'ABORT_ERR'
  override readonly name = 'AbortError'
}

/** An AbortError, as Node's: code `ABORT_ERR`, with the signal's reason as its cause. */
export function abortError(reason?: unknown): NodeJS.ErrnoException {
  const error = new AbortError(
    'The operation was aborted',
    reason === undefined ? undefined : { cause: reason },
  )
  Error.captureStackTrace(error, abortError)
  return error
}

/**
 * The failures of several attempts as one error. It has no message of its own; its code is that of the first. A single
 * failure needs none: report it as it is.
 */
export function aggregateError(errors: readonly NodeJS.ErrnoException[]): AggregateError & { code?: string } {
  const code = errors[0]?.code
  const error: AggregateError & { code?: string } = new AggregateError(errors)
  Object.defineProperty(error, 'name', { value: `AggregateError [${code}]`, configurable: true })
  Error.captureStackTrace(error, aggregateError)
  Reflect.deleteProperty(error, 'name')
  return Object.assign(error, { code })
}
