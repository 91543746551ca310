// A socket of node:net and, in this process, the other end of its connection. It knows nothing of what goes through.

import { mkdtempSync, rmdirSync } from 'node:fs'
import nodeNet, { type Socket as NodeSocket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { platform } from '../host'
import { selectTransport } from '../transport/select'

/** How the socket of node:net is made. */
export interface NodeSides {
  readonly allowHalfOpen: boolean
  readonly isPaused: boolean
  readonly writable: boolean
}

/**
 * A socket of node:net, and `connected` called with the other end, which is half-open: at once where the native engine
 * makes a socketpair(2), else once the two have met over a path in a private folder (a pipe name on Windows).
 */
export function nodePair(sides: NodeSides, connected: (other: NodeSocket) => void): NodeSocket {
  const pair = selectTransport().transport.descriptors?.socketPair() ?? -1
  if (typeof pair === 'number') return pairByPath(sides, connected)
  connected(new nodeNet.Socket({ fd: pair[1], readable: true, writable: true, allowHalfOpen: true }))
  return nodeSocketOf(pair[0], sides)
}

/** A socket of node:net over a connected descriptor, which it owns. */
export function nodeSocketOf(fd: number, { allowHalfOpen, isPaused, writable }: NodeSides): NodeSocket {
  // Not one byte may be read of a paused socket: it may be on its way to another process. The option is Node's own.
  const options = { fd, readable: true, writable, allowHalfOpen, pauseOnCreate: isPaused }
  return new nodeNet.Socket(options)
}

function pairByPath(
  { allowHalfOpen, isPaused, writable }: NodeSides,
  connected: (other: NodeSocket) => void,
): NodeSocket {
  const folder = platform === 'win32' ? null : mkdtempSync(path.join(tmpdir(), 'x-pair-'))
  const at = folder === null ? `\\\\.\\pipe\\x-pair-${crypto.randomUUID()}` : path.join(folder, 's')
  const server = nodeNet.createServer({ allowHalfOpen: true, pauseOnConnect: true })
  const socket = new nodeNet.Socket({ allowHalfOpen })
  const close = () => {
    server.close()
    if (folder !== null) rmdirSync(folder)
  }
  server.once('connection', other => {
    close()
    connected(other)
  })
  server.once('error', error => {
    if (folder !== null) rmdirSync(folder)
    socket.destroy(error)
  })
  // node:net listens on a path within the call.
  server.listen(at)
  if (isPaused) socket.pause()
  socket.connect(at)
  return writable ? socket : socket.end()
}
