// What was written, and the end of our side, while the socket connects: kept until the connection is made, or refused where
// the socket closes before. It knows the socket as a Duplex with a state.
import { codedError } from '../errors/codes'
import type { Connecting, WaitingWrite } from './connecting'
import { kState, type StatefulDuplex } from './state'
import type { WriteCallback } from './ticket'

/** Keeps a write until the connection is made, or refuses it where the socket closes before. */
export function keepWrite(socket: StatefulDuplex, connecting: Connecting, write: WaitingWrite): void {
  connecting.waitingWrite = write
  const refuse = () => {
    // The end of the connection before this one.
    if (socket[kState].phase === connecting) return void socket.once('close', refuse)
    const waiting = connecting.waitingWrite
    connecting.waitingWrite = null
    waiting?.callback(codedError('ERR_SOCKET_CLOSED_BEFORE_CONNECTION'))
  }
  socket.once('connect', () => {
    socket.removeListener('close', refuse)
    settleWaitingWrite(socket, connecting)
  })
  socket.once('close', refuse)
}

export function settleWaitingWrite(socket: StatefulDuplex, connecting: Connecting): void {
  const { phase } = socket[kState]
  const waiting = connecting.waitingWrite
  connecting.waitingWrite = null
  if (waiting === null) return
  const { connection } = connecting
  if (phase.kind === 'connected' && phase === connection)
    phase.sending.send(waiting.chunks, true, waiting.callback)
  else if (phase.kind !== 'connecting') waiting.callback(codedError('ERR_SOCKET_CLOSED'))
  // A listener connects once more: the connection is the same, or its bytes have left with the one before.
  else if (phase.established === connection) keepWrite(socket, phase, waiting)
  else waiting.callback()
}

/** Keeps the end of our side until the connection is made. */
export function keepEnd(socket: StatefulDuplex, connecting: Connecting, callback: WriteCallback): void {
  connecting.waitingEnd = callback
  socket.once('connect', () => settleWaitingEnd(socket, connecting))
}

export function settleWaitingEnd(socket: StatefulDuplex, connecting: Connecting): void {
  const { phase } = socket[kState]
  const { waitingEnd } = connecting
  connecting.waitingEnd = null
  if (waitingEnd === null) return
  const { connection } = connecting
  if (phase.kind === 'connected' && phase === connection) phase.sending.shutDown(waitingEnd)
  // A listener connects the same handle once more.
  else if (phase.kind === 'connecting' && phase.established === connection) keepEnd(socket, phase, waitingEnd)
  else waitingEnd()
}
