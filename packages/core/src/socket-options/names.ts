// The socket options that have a name here: what they are, and what values they take. It sets none.
import { codedError } from '../errors/codes'
import { validateBoolean, validateInteger, validateObject, validateString } from '../errors/validate'

/**
 * Options of the system's socket. An option that the system does not have is refused with `ERR_X_UNSUPPORTED`;
 * `socketOptionSupport()` lists the available ones. Sources: tcp(7), socket(7), ip(7).
 */
export interface SocketOptions {
  /** `SO_SNDBUF`: bytes. Linux doubles the value for its own needs, and reports the doubled one. */
  sendBufferSize?: number | undefined
  /** `SO_RCVBUF`: bytes, as `sendBufferSize`. If set before connecting, it determines how large the window can become. */
  receiveBufferSize?: number | undefined
  /** `TCP_USER_TIMEOUT`: milliseconds that sent data may stay unacknowledged; 0 is the system's. */
  userTimeoutMs?: number | undefined
  /** `TCP_NOTSENT_LOWAT`: bytes not yet sent; above that the system accepts no more. */
  notSentLowWater?: number | undefined
  /** `TCP_QUICKACK`: acknowledges at once. The system turns it off again by itself. */
  quickAck?: boolean | undefined
  /** `TCP_FASTOPEN`, of a server: how many connections may send data before their handshake has ended; 0 is none (RFC 7413). */
  fastOpenQueue?: number | undefined
  /** `TCP_FASTOPEN_CONNECT`, of a client: sends the first data with the SYN. 'connect' then comes before the peer has answered. */
  fastOpenConnect?: boolean | undefined
  /** `TCP_DEFER_ACCEPT`, of a server: whole seconds that a connection waits for its first data before it is accepted; 0 is none. */
  deferAcceptSeconds?: number | undefined
  /** `TCP_CONGESTION`: such as `cubic`, `reno`, `bbr`. */
  congestionControl?: string | undefined
  /** `SO_MARK`: for routing and filters, 0 to 4,294,967,295. Needs CAP_NET_ADMIN. */
  mark?: number | undefined
  /** `SO_BINDTODEVICE`: the name of a network interface; empty for none. */
  bindToDevice?: string | undefined
  /** `SO_PRIORITY`: priority of sent packets, 0 to 6 without CAP_NET_ADMIN. */
  priority?: number | undefined
  /** `TCP_MAXSEG`: the largest segment, in bytes. */
  maxSegmentSize?: number | undefined
  /**
   * MPTCP (RFC 8684): a connection over several paths. Of new sockets alone; reading it tells whether the socket is one. A
   * peer without it gets TCP.
   */
  multipath?: boolean | undefined
}

/** The names of socket options. */
export type SocketOptionName = keyof SocketOptions
type Kind = 'number' | 'unsigned' | 'boolean' | 'text'

/** In the order of `option_numbers` in native/src/options.c. TCP_INFO, which is no option to set, stands behind them. */
export const optionKinds: readonly (readonly [SocketOptionName, Kind])[] = [
  ['sendBufferSize', 'number'],
  ['receiveBufferSize', 'number'],
  ['userTimeoutMs', 'number'],
  ['notSentLowWater', 'unsigned'],
  ['quickAck', 'boolean'],
  ['fastOpenQueue', 'number'],
  ['fastOpenConnect', 'boolean'],
  ['deferAcceptSeconds', 'number'],
  ['congestionControl', 'text'],
  ['mark', 'unsigned'],
  ['bindToDevice', 'text'],
  ['priority', 'number'],
  ['maxSegmentSize', 'number'],
  ['multipath', 'boolean'],
]

/** The place of TCP_INFO in `option_numbers`. */
export const TCP_INFO_AT: number = optionKinds.length

const INT_MAX = 2 ** 31 - 1
const UINT_MAX = 2 ** 32 - 1
/** IFNAMSIZ and TCP_CA_NAME_MAX are 16, with the NUL at the end. */
const TEXT_BYTES = 15

/**
 * Checks the name of an option; answers its place in the table.
 *
 * @throws `ERR_INVALID_ARG_VALUE`.
 */
export function placeOf(name: unknown): number {
  const place = optionKinds.findIndex(([known]) => known === name)
  if (place === -1) throw codedError('ERR_INVALID_ARG_VALUE', 'name', name, 'is no socket option')
  return place
}

/** The bytes of a value. Throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`. */
export function encodeOption(place: number, value: unknown, name: string): Uint8Array {
  const [, kind] = optionKinds[place]!
  if (kind === 'text') {
    validateString(value, name)
    const bytes = Buffer.from(value)
    if (bytes.length > TEXT_BYTES || bytes.includes(0)) {
      throw codedError(
        'ERR_INVALID_ARG_VALUE',
        name,
        value,
        `must have at most ${TEXT_BYTES} bytes, and no NUL`,
      )
    }
    return Buffer.concat([bytes, Buffer.from([0])])
  }
  if (kind === 'boolean') {
    validateBoolean(value, name)
    return Buffer.from(Int32Array.of(value ? 1 : 0).buffer)
  }
  validateInteger(value, name, 0, kind === 'unsigned' ? UINT_MAX : INT_MAX)
  return Buffer.from(Uint32Array.of(value).buffer)
}

const IPPROTO_MPTCP = 262

/** The value in the bytes that the system answered with. */
export function decodeOption(place: number, bytes: Buffer): number | boolean | string {
  const [name, kind] = optionKinds[place]!
  if (kind === 'text') {
    const end = bytes.indexOf(0)
    return bytes.toString('utf8', 0, end === -1 ? bytes.length : end)
  }
  // The byte order of the system; some options answer with a byte.
  const word = new Uint8Array(4)
  word.set(bytes.subarray(0, 4))
  const [value = 0] = kind === 'unsigned' ? new Uint32Array(word.buffer) : new Int32Array(word.buffer)
  if (name === 'multipath') return value === IPPROTO_MPTCP
  return kind === 'boolean' ? value !== 0 : value
}

/** An option as it is set: where it stands in the table, and its bytes. */
export interface EncodedOption {
  readonly name: SocketOptionName
  readonly place: number
  readonly bytes: Uint8Array
}

/** Checked options. */
export interface OptionSet {
  readonly isMultipath: boolean
  readonly encoded: readonly EncodedOption[]
}

/**
 * Checks options.
 *
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`.
 */
export function readSocketOptionSet(options: SocketOptions): OptionSet {
  validateObject(options, 'options.socketOptions')
  const encoded: EncodedOption[] = []
  let isMultipath = false
  for (const name of Reflect.ownKeys(options)) {
    const place = placeOf(name)
    const value: unknown = options[name as SocketOptionName]
    if (value === undefined) continue
    const bytes = encodeOption(place, value, `options.socketOptions.${String(name)}`)
    if (name === 'multipath') isMultipath = value === true
    else encoded.push({ name: name as SocketOptionName, place, bytes })
  }
  return { isMultipath, encoded }
}

/** Options with more of them, which count where both name one. */
export function joinOptions(options: OptionSet | undefined, more: OptionSet): OptionSet {
  if (options === undefined) return more
  const isNew = (option: EncodedOption): boolean => !more.encoded.some(({ name }) => name === option.name)
  return {
    isMultipath: more.isMultipath || options.isMultipath,
    encoded: [...options.encoded.filter(isNew), ...more.encoded],
  }
}
