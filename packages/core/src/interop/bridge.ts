// Carries a stream's bytes to a socket of node:net and back, with ends, errors and back-pressure. It makes neither.
import type { Socket as NodeSocket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type NodeSides, nodePair } from './node-pair'

/** What a socket tells of its two ends. */
export interface Ends {
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
  readonly localFamily?: string | undefined
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
  readonly remoteFamily?: string | undefined
}

interface Carried extends Duplex {
  resetAndDestroy?(): unknown
  ref?(): unknown
  unref?(): unknown
}

/**
 * A socket of node:net whose other end is joined to `stream` by pipes in both directions. What the stream reads it reads,
 * and what is written to it goes to the stream; an end is passed on as an end, an error as the same error, and where
 * the socket is destroyed the stream is, once it has sent what the socket had.
 */
export function bridge(stream: Carried, sides: NodeSides, ends: Ends): NodeSocket {
  let other: NodeSocket | null = null
  let isClosed = false
  const socket = nodePair(sides, made => {
    other = made
    join(stream, made)
    // The socket alone keeps the process, until it is closed.
    if (!isClosed) made.unref()
  })
  stream.unref?.()
  stream.on('error', error => socket.destroy(error))
  stream.on('close', () => other?.destroySoon())
  socket.on('close', () => {
    isClosed = true
    // What it wrote is still on its way.
    other?.ref()
    stream.ref?.()
  })
  for (const [name, value] of Object.entries(ends)) {
    Object.defineProperty(socket, name, { value, configurable: true, enumerable: true })
  }
  Object.defineProperty(socket, 'resetAndDestroy', {
    configurable: true,
    value: () => {
      if (stream.resetAndDestroy) stream.resetAndDestroy()
      else stream.destroy()
      return socket.destroy()
    },
  })
  return socket
}

function join(stream: Carried, other: NodeSocket): void {
  other.on('error', () => stream.destroy())
  other.on('close', () => {
    // Closed before its end: there is nobody left to read.
    if (!other.readableEnded) stream.destroy()
  })
  stream.pipe(other)
  other.pipe(stream)
}
