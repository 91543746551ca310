// The two ends of a socket's connection and its byte counts, read from where they are known. It changes nothing.
import type { Address, TcpAddress } from '../transport/contract'
import { isTcpAddress } from '../transport/contract'
import type { GatheredWrite } from './chunks'
import type { Socket } from './socket'
import { kState, type SocketState } from './state'

export function ownAddress(socket: Socket): Address | undefined {
  const state = socket[kState] as SocketState | undefined
  const own = (state?.link?.handle ?? state?.prepared)?.sockname()
  return typeof own === 'object' ? own : undefined
}

/** Kept once it was seen: Node tells it until the socket is closed, even where the connection has gone. */
export function peerAddress(socket: Socket): Address | undefined {
  const state = socket[kState] as SocketState | undefined
  if (state?.link && state.peername === undefined) {
    const peer = state.link.handle.peername()
    if (typeof peer === 'object') state.peername = peer
  }
  return state?.peername
}

export function tcpEnd(address: Address | undefined): TcpAddress | undefined {
  return address && isTcpAddress(address) ? address : undefined
}

/** Bytes that were given to the transport or wait for the connection. */
export function sentBytes({ link, bytesWritten, waitingWrite }: SocketState): number {
  const sent = link === null ? bytesWritten : link.handle.bytesWritten + link.handle.writeQueueSize
  return sent + (waitingWrite?.bytes ?? 0)
}

/** Bytes that Writable keeps until the write before them is over. */
export function gatheredBytes(socket: Socket): number {
  const { writableBuffer } = socket as unknown as { writableBuffer?: readonly GatheredWrite[] }
  let bytes = 0
  for (const { chunk, encoding } of writableBuffer ?? []) {
    bytes +=
      typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding as BufferEncoding) : chunk.byteLength
  }
  return bytes
}
