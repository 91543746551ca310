// Which connections have been quiet for how long. It looks at them now and then, and ends none.
import type { Socket } from '../socket/index'
import { kState } from '../socket/state'

interface Seen {
  bytes: number
  sinceMs: number
}

export class QuietWatch {
  readonly #seen = new Map<Socket, Seen>()
  readonly #idleMs: number

  constructor(idleMs: number) {
    this.#idleMs = idleMs
  }

  /** Milliseconds between two looks: often enough that a connection is found idle soon after it is. */
  get intervalMs(): number {
    return Math.min(Math.max(this.#idleMs / 4, 10), 1000)
  }

  /** Looks at a connection. True where nothing has moved for long enough, and nothing is under way. */
  isIdle(socket: Socket, nowMs: number): boolean {
    const bytes = bytesMoved(socket)
    const isUnderWay = isBusy(socket)
    const seen = this.#seen.get(socket)
    if (seen === undefined) {
      this.#seen.set(socket, { bytes, sinceMs: nowMs })
      return !isUnderWay && this.#idleMs === 0
    }
    if (!isUnderWay && seen.bytes === bytes) return nowMs - seen.sinceMs >= this.#idleMs
    seen.bytes = bytes
    seen.sinceMs = nowMs
    return false
  }

  forget(socket: Socket): void {
    this.#seen.delete(socket)
  }
}

function bytesMoved(socket: Socket): number {
  const { phase } = socket[kState]
  return phase.kind === 'connected' ? phase.handle.bytesRead + phase.handle.bytesWritten : 0
}

/**
 * Something is under way: bytes that the peer has not taken or the program has not consumed; a program that has paused
 * the socket, since what the peer has sent meanwhile is not known; an HTTP response that is to be written (node:http
 * keeps it as `_httpMessage` of its socket).
 */
function isBusy(socket: Socket): boolean {
  const { phase } = socket[kState]
  if (phase.kind === 'connecting' || socket.isPaused()) return true
  if (socket.writableLength > 0 || socket.readableLength > 0) return true
  if (phase.kind === 'connected' && phase.handle.writeQueueSize > 0) return true
  return Boolean((socket as { _httpMessage?: unknown })._httpMessage)
}
