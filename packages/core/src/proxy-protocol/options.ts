// The options of a server that takes PROXY headers, checked. It reads none.
import type { AddressFilter } from '../address/block-list'
import { codedError } from '../errors/codes'
import {
  validateBoolean,
  validateInteger,
  validateObject,
  validateOneOf,
  validateTimeout,
} from '../errors/validate'
import { MOST_BINARY } from './binary'

/** The option `proxyProtocol` of `createServer`. */
export interface ProxyProtocolOptions {
  /**
   * Whose connections begin with a header: the proxies. Each of them must send one, of version 1 or 2. Nobody else's
   * bytes are taken for a header.
   */
  readonly trusted: AddressFilter
  /** Whether those who connect by a path are trusted. Default false. */
  readonly trustLocal?: boolean | undefined
  /** What becomes of other peers' connections: they are served as what they are, the default, or dropped. */
  readonly others?: 'serve' | 'drop' | undefined
  /** Milliseconds in which the whole header has to come, from 1. Default 5,000. */
  readonly timeoutMs?: number | undefined
  /** The longest header of version 2 that is taken, in bytes, from 232 to 65,551. Default 4,096. */
  readonly maxBytes?: number | undefined
}

export interface ProxyRules {
  readonly trusted: AddressFilter
  readonly trustLocal: boolean
  readonly dropsOthers: boolean
  readonly timeoutMs: number
  readonly maxBytes: number
}

const TIMEOUT_MS = 5_000
const MAX_BYTES = 4_096
/** A header of a local connection without vectors. */
const LEAST_BYTES = 232

/**
 * Checks the options.
 *
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`.
 */
export function readProxyOptions(options: ProxyProtocolOptions): ProxyRules {
  const where = 'options.proxyProtocol'
  validateObject(options, where)
  const {
    trusted,
    trustLocal = false,
    others = 'serve',
    timeoutMs = TIMEOUT_MS,
    maxBytes = MAX_BYTES,
  } = options
  if (typeof (trusted as AddressFilter | null | undefined)?.check !== 'function') {
    throw codedError('ERR_INVALID_ARG_TYPE', `${where}.trusted`, 'net.BlockList', trusted)
  }
  validateBoolean(trustLocal, `${where}.trustLocal`)
  validateOneOf(others, `${where}.others`, ['serve', 'drop'])
  validateInteger(timeoutMs, `${where}.timeoutMs`, 1)
  validateInteger(maxBytes, `${where}.maxBytes`, LEAST_BYTES, MOST_BINARY)
  return {
    trusted,
    trustLocal,
    dropsOthers: others === 'drop',
    timeoutMs: validateTimeout(timeoutMs, `${where}.timeoutMs`),
    maxBytes,
  }
}
