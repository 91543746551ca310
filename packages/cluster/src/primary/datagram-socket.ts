// A UDP socket that the primary has bound and that workers share. Here nothing is read from it.
import dgram, { type BindOptions, type Socket } from 'node:dgram'
import { type Status, UV_EINVAL, UV_ENOTSUP } from '@x/core/transport'
import { datagramState } from '../both/datagram-state'
import type { DatagramAsk } from '../both/messages'

export interface SharedDatagramSocket {
  readonly socket: Socket
  leave(): void
  close(): void
}

/** Binds; `opened` once. */
export function openDatagramSocket(
  ask: DatagramAsk,
  opened: (status: Status, shared: SharedDatagramSocket | null) => void,
): void {
  const socket = dgram.createSocket({
    type: ask.type,
    reuseAddr: ask.reuseAddress,
    ipv6Only: ask.ipv6Only,
  })
  const fail = (status: Status): void => {
    socket.removeAllListeners()
    socket.close()
    opened(status, null)
  }
  socket.once('error', (error: NodeJS.ErrnoException) => fail(error.errno ?? UV_EINVAL))
  socket.once('listening', () => {
    const state = datagramState(socket)
    if (!state) return fail(UV_ENOTSUP)
    state.handle.recvStop() // what comes is for workers; node:dgram has no other way to leave it
    socket.removeAllListeners('error')
    socket.on('error', () => {})
    opened(0, { socket, leave() {}, close: () => void socket.close() })
  })
  try {
    socket.bind(bindOptions(ask))
  } catch {
    fail(UV_EINVAL)
  }
}

function bindOptions({ at, fd }: DatagramAsk): BindOptions {
  if (at === null) return { fd: fd as number, exclusive: true }
  return { port: at.port, exclusive: true, ...(at.address !== null && { address: at.address }) }
}
