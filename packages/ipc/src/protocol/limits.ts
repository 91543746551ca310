// The limits of a channel: their defaults and their checks. It knows no channel.
import {
  validateAbortSignal,
  validateBoolean,
  validateInteger,
  validateNumber,
  validateObject,
} from '@x/core/internal'
import { LEAST_FRAME_LIMIT_BYTES } from '../wire/frame'

/** Limits of a channel, and how far it trusts its peer. */
export interface ChannelOptions {
  /**
   * The longest frame that we take, 4,096 bytes at least. A longer one ends the channel with `ERR_X_FRAME_TOO_LONG`.
   * Default: 16 MiB.
   */
  readonly frameLimitBytes?: number
  /**
   * Most bytes held for the peer: messages not yet taken, requests in progress (the memory of their values), and the
   * partly received frame. Beyond it the peer has to wait. A single frame is always accepted. Default: four frames,
   * 64 MiB.
   */
  readonly holdLimitBytes?: number
  /** Sent bytes that the peer may leave unread before it ends with `ERR_X_CHANNEL_SLOW`. Default: 64 MiB. */
  readonly backlogLimitBytes?: number
  /** Messages that wait for a reader before the peer is made to wait. Default: 1024. */
  readonly inboxLimit?: number
  /** Requests of the peer under way before it is made to wait. Default: 1024. */
  readonly requestLimit?: number
  /**
   * Most received descriptors that may wait to be taken or closed; more are refused. They are counted for each peer
   * (its process; for other users, the user), over all its channels and after these end. Default: 1024.
   */
  readonly handleLimit?: number
  /**
   * Milliseconds for the greeting, for an unfinished frame, for a goodbye in answer to ours, and for requests in
   * progress at `close` unless that has its own deadline; 0: no limit. Default: 30,000.
   */
  readonly patienceMs?: number
  /** Milliseconds for a reply, unless the request has its own; 0: for ever. Default: 30,000. */
  readonly requestTimeoutMs?: number
  /**
   * Structured clones (`node:v8`: Map, Set, Date, BigInt, cycles) instead of JSON, if the peer sets this too. The two
   * must trust each other: `v8.deserialize` is not made for hostile bytes, and no limit applies to its results.
   * Default: false.
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
