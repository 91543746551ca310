// How a client connects and comes back: its options, their defaults and their checks. It connects to nothing.
import {
  codedError,
  validateAbortSignal,
  validateBoolean,
  validateFunction,
  validateInteger,
  validateNumber,
  validateObject,
} from '@x/core/internal'
import { defaultTransport } from '@x/core/transport'
import type { Channel } from '../channel/channel'
import type { CreateChannelOptions } from '../channel/create-channel'
import type { LocalConnectOptions } from '../connect'
import { readLimits, validateTimeout } from '../protocol/limits'

/** How a client connects and reconnects. Which servers it trusts is as with `connect`. */
export interface ClientOptions
  extends Pick<LocalConnectOptions, 'authorize' | 'anyServer' | 'sharedFolder' | 'transport'> {
  /** Of the channel of each connection. Its `requestTimeoutMs` counts from the call, waiting for a connection included. */
  readonly channel?: CreateChannelOptions
  /**
   * Runs on each connection before the queue is sent, and before `'up'`, for example to log in or to subscribe again.
   * It must use the channel that it is given. If it throws or rejects, the connection is closed, and the client tries
   * again.
   */
  readonly onConnect?: (channel: Channel) => void | Promise<void>
  /** Milliseconds before the second attempt; each further one waits twice as long. Default: 50. */
  readonly firstDelayMs?: number
  /** Milliseconds between two attempts at most. Each wait is shortened at random, by half at most. Default: 5,000. */
  readonly mostDelayMs?: number
  /** Milliseconds for an attempt: the connection, the peer's hello and `onConnect`; 0: for ever. Default: 10,000. */
  readonly connectTimeoutMs?: number
  /** Bytes of messages and requests that may wait for a connection, or behind those that waited. Default: 16 MiB. */
  readonly queueLimitBytes?: number
  /** Closes the client at once; what waits fails. */
  readonly signal?: AbortSignal
}

export interface ClientSettings extends ClientOptions {
  readonly channel: CreateChannelOptions
  readonly firstDelayMs: number
  readonly mostDelayMs: number
  readonly connectTimeoutMs: number
  readonly queueLimitBytes: number
  readonly requestTimeoutMs: number
}

const DEFAULTS = {
  channel: {},
  firstDelayMs: 50,
  mostDelayMs: 5000,
  connectTimeoutMs: 10_000,
  queueLimitBytes: 16 * 1024 * 1024,
}

const INT32_MAX = 2 ** 31 - 1

/** @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`, `ERR_X_UNSUPPORTED` (channels with handles). */
export function readSettings(options: ClientOptions): ClientSettings {
  validateObject(options, 'options')
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const settings: ClientSettings = { ...DEFAULTS, requestTimeoutMs: 0, ...given }
  validateObject(settings.channel, 'options.channel')
  const { handles = false, ...limits } = settings.channel
  validateBoolean(handles, 'options.channel.handles')
  const { descriptors, name } = defaultTransport()
  if (handles && descriptors === null) throw codedError('ERR_X_UNSUPPORTED', name, 'descriptors')
  const { requestTimeoutMs } = readLimits(limits)
  if (settings.authorize !== undefined) validateFunction(settings.authorize, 'options.authorize')
  if (settings.onConnect !== undefined) validateFunction(settings.onConnect, 'options.onConnect')
  validateInteger(settings.firstDelayMs, 'options.firstDelayMs', 1, INT32_MAX)
  validateInteger(settings.mostDelayMs, 'options.mostDelayMs', settings.firstDelayMs, INT32_MAX)
  validateTimeout(settings.connectTimeoutMs, 'options.connectTimeoutMs')
  validateNumber(settings.queueLimitBytes, 'options.queueLimitBytes', 0)
  validateAbortSignal(settings.signal, 'options.signal')
  return { ...settings, requestTimeoutMs }
}
