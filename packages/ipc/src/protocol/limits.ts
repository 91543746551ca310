// The limits of a channel: their defaults and their checks. It knows no channel.
import {
  validateAbortSignal,
  validateBoolean,
  validateInteger,
  validateNumber,
  validateObject,
} from '@x/core/internal'
import { LEAST_FRAME_LIMIT_BYTES } from '../wire/frame'

/** The limits of a channel, and what it trusts its peer with. */
export interface ChannelOptions {
  /**
   * The longest frame that we take, 4,096 bytes at least. A longer one ends the channel with `ERR_X_FRAME_TOO_LONG`.
   * Default: 16 MiB.
   */
  readonly frameLimitBytes?: number
  /**
   * Bytes that are held for the peer: messages that nobody has taken, requests that are being answered (what their values take
   * in memory), and the frame that is here in part. Beyond it the peer is made to wait. One frame alone is always taken.
   * Default: four frames, 64 MiB.
   */
  readonly holdLimitBytes?: number
  /** Sent bytes that the peer may leave unread before it ends with `ERR_X_CHANNEL_SLOW`. Default: 64 MiB. */
  readonly backlogLimitBytes?: number
  /** Messages that wait for a reader before the peer is made to wait. Default: 1024. */
  readonly inboxLimit?: number
  /** Requests of the peer under way before it is made to wait. Default: 1024. */
  readonly requestLimit?: number
  /**
   * Received descriptors that may be open here and wait to be taken or closed; what is beyond is refused. They are counted
   * for each peer (a process; of other users, the user), over all its channels and beyond their ends. Default: 1024.
   */
  readonly handleLimit?: number
  /**
   * Milliseconds for a hello, for a frame that has begun, for a goodbye once we have said ours, and for what is under way at
   * `close` unless that has its own; 0: for ever. Default: 30,000.
   */
  readonly patienceMs?: number
  /** Milliseconds for a reply, unless the request has its own; 0: for ever. Default: 30,000. */
  readonly requestTimeoutMs?: number
  /**
   * Structured clones (`node:v8`: Map, Set, Date, BigInt, cycles) in place of JSON, where the peer wants them, too. The
   * two must trust each other: `v8.deserialize` is not made for hostile bytes, and no limit holds for what it makes of
   * them. Default: false.
   */
  readonly clone?: boolean
  /** Ends the channel with `ABORT_ERR`. */
  readonly signal?: AbortSignal
}

export type ChannelLimits = Required<Omit<ChannelOptions, 'signal'>> & Pick<ChannelOptions, 'signal'>

const FRAMES_HELD = 4

const DEFAULTS: Required<Omit<ChannelOptions, 'signal' | 'holdLimitBytes'>> = {
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
export function readLimits(options: ChannelOptions): ChannelLimits {
  validateObject(options, 'options')
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const base = { ...DEFAULTS, ...given }
  validateInteger(base.frameLimitBytes, 'options.frameLimitBytes', LEAST_FRAME_LIMIT_BYTES, UINT32_MAX)
  const limits: ChannelLimits = { holdLimitBytes: FRAMES_HELD * base.frameLimitBytes, ...base }
  validateNumber(limits.holdLimitBytes, 'options.holdLimitBytes', limits.frameLimitBytes)
  validateNumber(limits.backlogLimitBytes, 'options.backlogLimitBytes', 0)
  validateNumber(limits.inboxLimit, 'options.inboxLimit', 1)
  validateNumber(limits.requestLimit, 'options.requestLimit', 1)
  validateNumber(limits.handleLimit, 'options.handleLimit', 1)
  validateNumber(limits.patienceMs, 'options.patienceMs', 0, INT32_MAX)
  validateTimeout(limits.requestTimeoutMs, 'options.requestTimeoutMs')
  validateBoolean(limits.clone, 'options.clone')
  validateAbortSignal(limits.signal, 'options.signal')
  return limits
}

/** Milliseconds that a timer can wait; 0: for ever. @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`. */
export function validateTimeout(ms: unknown, name: string): asserts ms is number {
  validateNumber(ms, name, 0, INT32_MAX)
}
