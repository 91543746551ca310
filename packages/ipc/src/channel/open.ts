// How a channel comes about: which wire serves which stream. It knows no frames.
import type { Duplex } from 'node:stream'
import type { Socket } from '@x/core'
import { codedError } from '@x/core/transport'
import { DescriptorWire } from '../handoff/descriptor-wire'
import { takeOver } from '../handoff/take-over'
import { Channel } from './channel'
import type { ChannelOptions } from './options'
import { DuplexWire } from './wire'

/**
 * A message channel over a connected stream: any Duplex of bytes (a socket of `@x/core` or `node:net`, a TLS socket, a
 * pair in memory). The other end makes one, too. From now on the stream is the channel's: nobody else reads or writes it.
 *
 * With `handles` the channel carries descriptors: the stream is a local socket of `@x/core`, or the number of one.
 *
 * @throws `ERR_INVALID_ARG_TYPE` for what is no Duplex, `ERR_OUT_OF_RANGE` for a limit that is none. With `handles`:
 * `ERR_X_UNSUPPORTED` on a transport without descriptors, `ERR_SOCKET_CLOSED`, `ERR_INVALID_ARG_VALUE` for a socket that
 * is no local one or has bytes to send.
 */
export function channel<In = unknown, Out = unknown>(
  stream: Duplex | number,
  options: ChannelOptions & { readonly handles?: boolean } = {},
): Channel<In, Out> {
  const { handles = typeof stream === 'number', ...more } = options
  if (handles) {
    const taken = takeOver(stream as Socket | number)
    return new Channel<In, Out>(new DescriptorWire(taken.transport, taken.channel, taken.unread), more)
  }
  const duplex = stream as Duplex
  if (typeof duplex?.write !== 'function' || typeof duplex.pause !== 'function') {
    throw codedError('ERR_INVALID_ARG_TYPE', 'stream', 'Duplex', stream)
  }
  return new Channel<In, Out>(new DuplexWire(duplex), more)
}
