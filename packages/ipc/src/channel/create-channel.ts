// How a channel comes about: which wire serves which stream. It knows no frames.
import type { Duplex } from 'node:stream'
import type { Socket } from '@x/core'
import { codedError, validateBoolean, validateObject } from '@x/core/internal'
import { takeOver } from '../descriptor/take-over'
import { type ChannelOptions, readLimits } from '../protocol/limits'
import { DescriptorWire } from '../wire/descriptor-wire'
import { DuplexWire } from '../wire/duplex-wire'
import { Channel } from './channel'

/** What `createChannel` takes beside the limits. */
export interface CreateChannelOptions extends ChannelOptions {
  /** The channel can carry descriptors. Default: only if the stream is given as a number. */
  readonly handles?: boolean
}

/**
 * A message channel over a connected stream: any Duplex of bytes (a socket of `@x/core` or `node:net`, a TLS socket,
 * a pair in memory). The other end creates one too. From now on the stream belongs to the channel: no other code may
 * read or write it.
 *
 * With `handles` the channel carries descriptors: the stream is a local socket of `@x/core`, or the number of one.
 *
 * @throws `ERR_INVALID_ARG_TYPE` for what is no Duplex, `ERR_OUT_OF_RANGE` for a limit that is none. With `handles`:
 * `ERR_X_UNSUPPORTED` on a transport without descriptors, `ERR_SOCKET_CLOSED`, `ERR_INVALID_ARG_VALUE` for a socket that
 * is no local one or has bytes to send.
 */
export function createChannel<In = unknown, Out = unknown>(
  stream: Duplex | number,
  options: CreateChannelOptions = {},
): Channel<In, Out> {
  validateObject(options, 'options')
  const { handles = typeof stream === 'number', ...more } = options
  validateBoolean(handles, 'options.handles')
  // Before anything is taken over: what is wrong must leave the stream as it is.
  readLimits(more)
  if (handles) return new Channel<In, Out>(new DescriptorWire(takeOver(stream as Socket | number)), more)
  const duplex = stream as Duplex
  if (typeof duplex?.write !== 'function' || typeof duplex.pause !== 'function') {
    throw codedError('ERR_INVALID_ARG_TYPE', 'stream', 'Duplex', stream)
  }
  return new Channel<In, Out>(new DuplexWire(duplex), more)
}
