// The limits of a channel: their defaults and their checks. It knows no channel.
import { validateAbortSignal, validateBoolean, validateNumber, validateObject } from '@x/core/transport'

/** The limits of a channel, and what it trusts its peer with. */
export interface ChannelOptions {
  /** The longest frame that we take. A longer one ends the channel with `ERR_X_FRAME_TOO_LONG`. Default: 16 MiB. */
  readonly frameLimitBytes?: number
  /** Sent bytes that the peer may leave unread before it ends with `ERR_X_CHANNEL_SLOW`. Default: 64 MiB. */
  readonly backlogLimitBytes?: number
  /** Messages that wait for a reader before the peer is made to wait. Default: 1024. */
  readonly inboxLimit?: number
  /** Requests of the peer under way before it is made to wait. Default: 1024. */
  readonly requestLimit?: number
  /** Received descriptors that may wait to be taken; what is beyond is refused. Default: 1024. */
  readonly handleLimit?: number
  /** Milliseconds for a hello, for a frame that has begun, and for the end after `close`; 0: for ever. Default: 30,000. */
  readonly patienceMs?: number
  /** Milliseconds for a reply, unless the request has its own; 0: for ever. Default: 30,000. */
  readonly requestTimeoutMs?: number
  /**
   * Structured clones (`node:v8`: Map, Set, Date, BigInt, cycles) in place of JSON, where the peer wants them, too. The
   * two must trust each other: `v8.deserialize` is not made for hostile bytes. Default: false.
   */
  readonly clone?: boolean
  /** Ends the channel with `ABORT_ERR`. */
  readonly signal?: AbortSignal
}

export type ChannelLimits = Required<Omit<ChannelOptions, 'signal'>> & Pick<ChannelOptions, 'signal'>

const DEFAULTS: Required<Omit<ChannelOptions, 'signal'>> = {
  frameLimitBytes: 16 * 1024 * 1024,
  backlogLimitBytes: 64 * 1024 * 1024,
  inboxLimit: 1024,
  requestLimit: 1024,
  handleLimit: 1024,
  patienceMs: 30_000,
  requestTimeoutMs: 30_000,
  clone: false,
}

const UINT32_MAX = 2 ** 32 - 1
const INT32_MAX = 2 ** 31 - 1

/** @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`. */
export function readOptions(options: ChannelOptions): ChannelLimits {
  validateObject(options, 'options')
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const limits: ChannelLimits = { ...DEFAULTS, ...given }
  validateNumber(limits.frameLimitBytes, 'options.frameLimitBytes', 1, UINT32_MAX)
  validateNumber(limits.backlogLimitBytes, 'options.backlogLimitBytes', 0)
  validateNumber(limits.inboxLimit, 'options.inboxLimit', 1)
  validateNumber(limits.requestLimit, 'options.requestLimit', 1)
  validateNumber(limits.handleLimit, 'options.handleLimit', 1)
  validateNumber(limits.patienceMs, 'options.patienceMs', 0, INT32_MAX)
  validateNumber(limits.requestTimeoutMs, 'options.requestTimeoutMs', 0, INT32_MAX)
  validateBoolean(limits.clone, 'options.clone')
  validateAbortSignal(limits.signal, 'options.signal')
  return limits
}
