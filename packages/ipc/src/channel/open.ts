// How a channel comes about: which wire serves which stream. It knows no frames.
import type { Duplex } from 'node:stream'
import { codedError } from '@x/core/transport'
import { Channel } from './channel'
import type { ChannelOptions } from './options'
import { DuplexWire } from './wire'

/**
 * A message channel over a connected stream: any Duplex of bytes (a socket of `@x/core` or `node:net`, a TLS socket, a
 * pair in memory). The other end makes one, too. From now on the stream is the channel's: nobody else reads or writes it.
 *
 * @throws `ERR_INVALID_ARG_TYPE` for what is no Duplex, `ERR_OUT_OF_RANGE` for a limit that is none.
 */
export function channel<In = unknown, Out = unknown>(
  stream: Duplex,
  options: ChannelOptions = {},
): Channel<In, Out> {
  if (typeof stream?.write !== 'function' || typeof stream.pause !== 'function') {
    throw codedError('ERR_INVALID_ARG_TYPE', 'stream', 'Duplex', stream)
  }
  return new Channel<In, Out>(new DuplexWire(stream), options)
}
