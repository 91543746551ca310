// Lets UDP sockets of a worker share an address with those of other workers. In a worker, `bind` of node:dgram's Socket asks
// the primary, which sends a socket that is bound; the worker's own becomes a face of it.
import dgram, { type Socket } from 'node:dgram'
import { systemError } from '@x/core/internal'
import { UV_ECANCELED, UV_ENOTSUP } from '@x/core/transport'
import type { ControlEndpoint } from '../both/control-endpoint'
import { datagramState } from '../both/datagram-state'
import { nextTick } from '../both/host'
import type { DatagramAsk, FromWorker, ListeningInfo, ToWorker } from '../both/messages'

type Method = (this: Socket, ...args: unknown[]) => unknown
type Answer = Extract<ToWorker, { act: 'datagram' }>
type Listener = () => void

/** What `bind` was asked for. */
interface Wanted {
  readonly at: DatagramAsk['at']
  readonly fd: number | null
  readonly callback: Listener | undefined
}

/** What the face takes from the bound socket; its events, `bind` and `close` are its own. */
const forwarded = [
  'addMembership',
  'addSourceSpecificMembership',
  'address',
  'connect',
  'disconnect',
  'dropMembership',
  'dropSourceSpecificMembership',
  'getRecvBufferSize',
  'getSendBufferSize',
  'getSendQueueCount',
  'getSendQueueSize',
  'ref',
  'remoteAddress',
  'send',
  'setBroadcast',
  'setMulticastInterface',
  'setMulticastLoopback',
  'setMulticastTTL',
  'setRecvBufferSize',
  'setSendBufferSize',
  'setTTL',
  'unref',
] as const

export class DatagramSockets {
  readonly #control: ControlEndpoint<FromWorker>
  readonly #bind: Method
  /** Indexes in use, by address: a second socket on an address is another one in the primary. */
  readonly #indexes = new Map<string, Set<number>>()
  /** Sockets that are bound through the primary, or are about to be. */
  readonly #sockets = new Set<Socket>()
  #isLeaving = false

  constructor(control: ControlEndpoint<FromWorker>) {
    this.#control = control
    this.#bind = dgram.Socket.prototype.bind as Method
  }

  /** From now on, `bind` of all UDP sockets of this process asks the primary. */
  patch(): void {
    const sockets = this
    const bind: Method = function (...args) {
      return sockets.#bindOrShare(this, args)
    }
    dgram.Socket.prototype.bind = bind as typeof dgram.Socket.prototype.bind
  }

  /** Closes them all; none is shared any more. */
  leave(): void {
    this.#isLeaving = true
    for (const socket of [...this.#sockets]) socket.close()
  }

  #bindOrShare(socket: Socket, args: readonly unknown[]): unknown {
    if (this.#sockets.has(socket)) {
      throw Object.assign(new Error('Socket is already bound'), { code: 'ERR_SOCKET_ALREADY_BOUND' })
    }
    const state = datagramState(socket)
    const wanted = state?.bindState === 0 && !state.reusePort ? wantedOf(args) : null
    if (wanted === null || this.#isLeaving || process.platform === 'win32') {
      return this.#bind.apply(socket, args as unknown[])
    }
    if (wanted.callback) socket.once('listening', wanted.callback)
    this.#share(socket, wanted)
    return socket
  }

  #share(socket: Socket, { at, fd }: Wanted): void {
    const state = datagramState(socket)
    const type = (socket as unknown as { type: 'udp4' | 'udp6' }).type
    const key = JSON.stringify([type, at, fd])
    const index = this.#takeIndex(key)
    const ask: DatagramAsk = {
      act: 'datagram',
      type,
      at,
      fd,
      ipv6Only: state?.ipv6Only === true,
      reuseAddress: state?.reuseAddr === true,
      index,
    }
    let isClosed = false
    const waiting = new WaitingCalls(socket)
    this.#sockets.add(socket)
    socket.once('close', () => {
      isClosed = true
      waiting.end()
      this.#sockets.delete(socket)
      this.#indexes.get(key)?.delete(index)
    })
    const isSent = this.#control.request(ask, (body, handle) => {
      const { status, listener } = body as Answer
      const bound = handle as Socket | undefined
      const failed = status < 0 ? status : bound === undefined ? UV_ENOTSUP : 0
      waiting.end()
      if (isClosed || failed < 0 || bound === undefined) {
        bound?.close()
        if (status >= 0) this.#control.notify({ act: 'close', listener })
        if (!isClosed) this.#fail(socket, failed, at)
        return
      }
      stand(socket, bound, () => this.#control.notify({ act: 'close', listener }))
      this.#control.notify({ act: 'listening', info: infoOf(type, bound, fd, at) })
      socket.emit('listening')
      waiting.replay()
    })
    if (!isSent) nextTick(() => this.#fail(socket, UV_ECANCELED, at))
  }

  #fail(socket: Socket, status: number, at: DatagramAsk['at']): void {
    this.#sockets.delete(socket)
    if (this.#isLeaving) return
    const where = at === null ? {} : { address: at.address ?? '', port: at.port }
    socket.emit('error', systemError(status, 'bind', where))
  }

  #takeIndex(key: string): number {
    const used = this.#indexes.get(key) ?? new Set<number>()
    this.#indexes.set(key, used)
    let index = 0
    while (used.has(index)) index++
    used.add(index)
    return index
  }
}

/** What is called while the socket is being bound is done once it is, as with a bind of the host. */
class WaitingCalls {
  readonly #socket: Socket
  readonly #calls: { name: 'send' | 'connect'; args: unknown[] }[] = []

  constructor(socket: Socket) {
    this.#socket = socket
    for (const name of ['send', 'connect'] as const) {
      define(socket, name, (...args) => void this.#calls.push({ name, args }))
    }
  }

  /** Nothing waits any more. */
  end(): void {
    for (const name of ['send', 'connect']) Reflect.deleteProperty(this.#socket, name)
  }

  replay(): void {
    for (const { name, args } of this.#calls) (this.#socket[name] as Method).apply(this.#socket, args)
  }
}

/** The arguments of `bind`; null where the socket is not to be shared, or they are wrong (the host says how). */
function wantedOf(args: readonly unknown[]): Wanted | null {
  const last = args.at(-1)
  const callback = typeof last === 'function' ? (last as Listener) : undefined
  const [first, second] = args
  if (first !== null && typeof first === 'object') {
    const { port, address, exclusive, fd, recvStart } = first as Record<string, unknown>
    // A socket that came from the primary is bound by the host to the handle that came with it.
    if (exclusive || typeof recvStart === 'function') return null
    if (typeof fd === 'number') return fd >= 0 && Number.isInteger(fd) ? { at: null, fd, callback } : null
    return placeOf(port, address, callback)
  }
  return placeOf(
    typeof first === 'function' ? undefined : first,
    typeof second === 'function' ? undefined : second,
    callback,
  )
}

function placeOf(port: unknown, address: unknown, callback: Listener | undefined): Wanted | null {
  const number = Number(port ?? 0)
  if (!Number.isInteger(number) || number < 0 || number > 65_535) return null
  if (address !== undefined && address !== null && typeof address !== 'string') return null
  return { at: { port: number, address: address ? address : null }, fd: null, callback }
}

/** Makes a socket the face of a bound one. */
function stand(face: Socket, bound: Socket, release: () => void): void {
  const isRef = datagramState(face)?.handle.hasRef?.() !== false
  if (!isRef) bound.unref()
  for (const name of forwarded) {
    const method = bound[name] as Method | undefined
    if (method === undefined) continue // not in this version of Node
    define(face, name, (...args) => {
      const answer = method.apply(bound, args)
      return answer === bound ? face : answer
    })
  }
  for (const event of ['message', 'connect', 'error'] as const) {
    bound.on(event, (...args: unknown[]) => face.emit(event, ...args))
  }
  define(face, 'close', (...args) => {
    Reflect.deleteProperty(face, 'close')
    for (const name of forwarded) Reflect.deleteProperty(face, name)
    bound.close()
    release()
    return face.close(...(args as [Listener?]))
  })
}

function define(face: Socket, name: string, value: (...args: unknown[]) => unknown): void {
  Object.defineProperty(face, name, { value, configurable: true, writable: true })
}

function infoOf(
  type: 'udp4' | 'udp6',
  bound: Socket,
  fd: number | null,
  at: DatagramAsk['at'],
): ListeningInfo {
  const { address, port } = bound.address()
  return { addressType: type, address: at?.address === null ? null : address, port, fd: fd ?? undefined }
}
