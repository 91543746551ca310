// The listeners and UDP sockets of workers that run the same program: opened when a worker asks, shared by those that ask for
// the same. It knows how connections are to spread; it starts and ends no worker.
import { isTcpAddress, type Status, UV_ECANCELED } from '@x/core/transport'
import type { Reply } from '../both/control-endpoint'
import type { DatagramAsk, ListenAsk, ToWorker } from '../both/messages'
import { openDatagramSocket, type SharedDatagramSocket } from './datagram-socket'
import { openHandover } from './handover-listener'
import type { Listener, Opened } from './listener'
import type { PrimaryOs, Timer } from './os'
import { type Policy, roundRobin, type Spread, toPolicy } from './policy'
import { PolicyCaller } from './policy/policy-caller'
import { openPortable } from './portable-listener'
import { SharedAddresses } from './shared-addresses'
import { openReserved, openShared } from './shared-listener'
import type { WorkerProcess } from './worker-process'

export interface WorkerGroupOptions {
  readonly os: PrimaryOs
  /** How connections spread, asked when an address is opened. */
  readonly spread: () => Spread
  /** Keep an address open while it has no worker, until `close`. */
  readonly keepAddresses: boolean
  readonly warn: (error: Error) => void
}

export class WorkerGroup {
  readonly #options: WorkerGroupOptions
  readonly #listeners: SharedAddresses<Listener>
  readonly #datagrams: SharedAddresses<SharedDatagramSocket>
  #lastId = 0
  /** Which listener is told first. */
  #turn = 0
  /** While it closes: the time for that, and who hears of its end. */
  #closing: { readonly timer: Timer; readonly closed: (() => void)[] } | null = null

  constructor(options: WorkerGroupOptions) {
    this.#options = options
    const nextId = (): number => ++this.#lastId
    this.#listeners = new SharedAddresses(options.keepAddresses, nextId)
    this.#datagrams = new SharedAddresses(false, nextId)
  }

  /** A server of the worker listens. False for an ask that no worker may make. */
  listen(worker: WorkerProcess, ask: ListenAsk, reply: Reply<ToWorker>): boolean {
    const answer = (status: Status, id: number, listener: Listener | null): void => {
      const at = listener?.sockname() ?? null
      reply({
        act: 'listener',
        status,
        mode: listener?.mode ?? 'handover',
        listener: id,
        at: typeof at === 'object' ? at : null,
      })
      listener?.join(worker, id)
    }
    if (isLeaving(worker)) {
      answer(UV_ECANCELED, 0, null)
      return true
    }
    return this.#listeners.take(worker, keyOf(ask), opened => this.#open(ask, opened), answer)
  }

  /** A UDP socket of the worker binds. False for an ask that no worker may make. */
  bindDatagram(worker: WorkerProcess, ask: DatagramAsk, reply: Reply<ToWorker>): boolean {
    const answer = (status: Status, listener: number, shared: SharedDatagramSocket | null): void => {
      reply({ act: 'datagram', status, listener }, shared?.socket)
    }
    if (isLeaving(worker)) {
      answer(UV_ECANCELED, 0, null)
      return true
    }
    const { type, at, fd, index } = ask
    const key = JSON.stringify([type, at, fd, index])
    return this.#datagrams.take(worker, key, opened => openDatagramSocket(ask, opened), answer)
  }

  /** The worker closed what it had got under this number. */
  release(worker: WorkerProcess, id: number): void {
    if (!this.#listeners.release(worker, id)) this.#datagrams.release(worker, id)
  }

  /** The worker gets nothing more. What no other worker uses is closed, unless it is to be kept. */
  releaseAll(worker: WorkerProcess): void {
    this.#listeners.releaseAll(worker)
    this.#datagrams.releaseAll(worker)
  }

  /**
   * The worker may take connections again, or nothing more. Another listener is told first each time: else one under load would
   * leave the others nothing.
   */
  changed(worker: WorkerProcess): void {
    const listeners = this.#listeners.usedBy(worker)
    const first = this.#turn++
    for (let i = 0; i < listeners.length; i++) listeners[(first + i) % listeners.length]?.changed(worker)
    this.#closeIfSettled()
  }

  /**
   * Accepts no more, gives the workers what was accepted, and then closes all addresses and calls `closed`: inside this call if
   * nothing is left to be given. What no worker has taken after `withinMs` is given up. A second call may shorten the time.
   */
  close(withinMs: number, closed: () => void): void {
    for (const listener of this.#listeners.opened()) listener.stopAccepting()
    const { os } = this.#options
    const others = this.#closing?.closed ?? []
    if (this.#closing) os.clearTimeout(this.#closing.timer)
    this.#closing = { timer: os.setTimeout(() => this.#close(), withinMs), closed: [...others, closed] }
    if (withinMs === 0) this.#close()
    else this.#closeIfSettled()
  }

  #closeIfSettled(): void {
    if (this.#closing === null) return
    for (const listener of this.#listeners.opened()) if (!listener.isSettled) return
    this.#close()
  }

  #close(): void {
    if (this.#closing === null) return
    const { timer, closed } = this.#closing
    this.#closing = null
    this.#options.os.clearTimeout(timer)
    this.#listeners.closeAll()
    this.#datagrams.closeAll()
    for (const tell of closed) tell()
  }

  /** Settings are an object that a program may write to: what cannot be meant costs no worker its address. */
  #policyOf(spread: Spread): Policy {
    const { warn } = this.#options
    if (spread === 'shared' || spread === 'reuse-port') return roundRobin()
    try {
      const policy = toPolicy(spread)
      return typeof spread === 'string' ? policy : new PolicyCaller(policy, warn)
    } catch (error) {
      warn(error as Error)
      return roundRobin()
    }
  }

  #open(ask: ListenAsk, opened: Opened): void {
    const { os, spread: choose } = this.#options
    const spread = choose()
    const policy = this.#policyOf(spread)
    if (os.transport.descriptors === null) openPortable(os, ask, policy, opened)
    else if (spread === 'reuse-port') openReserved(os, ask, opened)
    else if (spread === 'shared') openShared(os, ask, opened)
    else openHandover(os, ask, policy, opened)
  }
}

function isLeaving({ state }: WorkerProcess): boolean {
  return state === 'draining' || state === 'gone'
}

/** What makes two asks mean the same listener. */
function keyOf({ at, flags, index }: ListenAsk): string {
  if ('fd' in at) return JSON.stringify(['fd', at.fd, index])
  if (!isTcpAddress(at)) return JSON.stringify(['path', at.path, index])
  return JSON.stringify([at.family, at.address, at.port, flags.ipv6Only === true, index])
}
