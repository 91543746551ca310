// What a client is, apart from its connection: what it was told and what it told of itself. It can be sent to another
// worker. It does nothing.
import type { Socket } from '../net'
import type { Protocol } from '../resp/reply'

/** How CLIENT REPLY was left: `skip` is for the next command. */
export type ReplyMode = 'on' | 'off' | 'skip-next' | 'skip'

/** What CLIENT LIST shows as the command of a client that has sent none. */
export const NO_COMMAND = 'NULL'

export interface ClientState {
  readonly id: number
  /** Addresses as CLIENT LIST shows them. */
  readonly address: string
  readonly localAddress: string
  /** Whether it came in by a path. */
  readonly isLocal: boolean
  /** Whether it is a connection that a proxy made for itself, to see how we are. */
  readonly isCheck: boolean
  readonly connectedMs: number
  readonly activeMs: number
  readonly protocol: Protocol
  readonly name: string
  readonly libraryName: string
  readonly libraryVersion: string
  readonly database: number
  readonly isNoEvict: boolean
  readonly replyMode: ReplyMode
  readonly lastCommand: string
  readonly channels: readonly string[]
  readonly patterns: readonly string[]
}

/** One that has just connected. `localPath`: the path that it came in by; null for TCP. */
export function newClient(id: number, socket: Socket, localPath: string | null): ClientState {
  const nowMs = Date.now()
  return {
    id,
    address: localPath === null ? endpoint(socket.remoteAddress, socket.remotePort) : `${localPath}:0`,
    localAddress: localPath === null ? endpoint(socket.localAddress, socket.localPort) : `${localPath}:0`,
    isLocal: localPath !== null,
    isCheck: socket.proxied?.command === 'local',
    connectedMs: nowMs,
    activeMs: nowMs,
    protocol: 2,
    name: '',
    libraryName: '',
    libraryVersion: '',
    database: 0,
    isNoEvict: false,
    replyMode: 'on',
    lastCommand: NO_COMMAND,
    channels: [],
    patterns: [],
  }
}

function endpoint(address: string | undefined, port: number | undefined): string {
  if (address === undefined) return '?:0'
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
