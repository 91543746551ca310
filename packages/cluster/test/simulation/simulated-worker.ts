// A worker process that is not there: the real intake of connections behind a simulated IPC channel and link. What goes wrong
// in it, the world decides.
import { EventEmitter } from 'node:events'
import type { Transport } from '@x/core/transport'
import { ControlEndpoint } from '../../src/both/control-endpoint'
import { encodeFrame } from '../../src/both/frame'
import type { FromWorker, ToWorker } from '../../src/both/messages'
import { ConnectionIntake } from '../../src/worker/connection-intake'
import { DescriptorTable } from './descriptor-table'
import type { LinkEnd } from './simulated-link'
import type { World } from './world'

/** What a simulated listener throws. */
export const LISTENER_ERROR = 'of a simulated listener'

/** A client's connection. */
export interface Client {
  readonly id: number
  readonly address: string
  /** Workers that served it. */
  readonly servedBy: SimulatedWorker[]
  /** It was in a worker that ended. */
  isEnded: boolean
}

export class SimulatedWorker {
  /** As the primary sees it. */
  readonly child = new EventEmitter() as EventEmitter & {
    pid: number | undefined
    connected: boolean
    exitCode: number | null
    signalCode: string | null
    send: (...args: unknown[]) => boolean
    kill: (signal: string) => boolean
    disconnect: () => void
  }
  readonly table: DescriptorTable
  readonly #world: World
  readonly #link: LinkEnd
  /** The worker's side of the IPC channel. */
  readonly #process = new EventEmitter() as EventEmitter & {
    connected: boolean
    send: (...args: unknown[]) => boolean
  }
  readonly #control: ControlEndpoint<FromWorker>
  readonly #intake: ConnectionIntake
  #state: 'running' | 'stopped' | 'ended' = 'running'
  #held = 0
  #listener: number | null = null
  #isLeaving = false
  /** Messages that a stopped process has not read. */
  #unread: (() => void)[] = []
  maxConnections = Number.POSITIVE_INFINITY
  #isTelling = false

  constructor(world: World, pid: number, link: LinkEnd) {
    this.#world = world
    this.#link = link
    this.table = new DescriptorTable(`worker ${pid}`)
    link.table = this.table
    Object.assign(this.child, {
      pid,
      connected: true,
      exitCode: null,
      signalCode: null,
      send: (message: unknown) => this.#deliver(this.#process, message),
      kill: () => this.end('SIGKILL'),
      disconnect() {},
    })
    Object.assign(this.#process, {
      connected: true,
      send: (message: unknown) => this.#deliver(this.child, message),
    })
    this.#control = new ControlEndpoint<FromWorker>(this.#process as never, {
      message: body => this.#receive(body as ToWorker),
      wrong() {},
    })
    this.#intake = new ConnectionIntake({
      transport: world.transportOf(this.table, link) as Transport,
      linkFd: 3,
      control: this.#control,
      connections: () => this.#held,
    })
    world.scheduler.after(5 + world.scheduler.upTo(50), () => this.#begin())
  }

  /** As a program that sets `server.maxConnections`; the primary hears of it at the next time of telling. */
  raiseMaxConnections(): void {
    this.maxConnections = Number.POSITIVE_INFINITY
    this.#tellSoon()
  }

  #tellSoon(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    this.#world.scheduler.after(50, () => {
      this.#isTelling = false
      if (this.#state === 'running') this.#intake.tellConnections()
      else if (this.#state === 'stopped') this.#tellSoon()
    })
  }

  get isAlive(): boolean {
    return this.#state !== 'ended'
  }

  /** The process ends: what it has sent still arrives, then its end. */
  end(signal: 'SIGKILL' | null, code: number | null = null): boolean {
    if (this.#state === 'ended') return false
    this.#state = 'ended'
    const { scheduler } = this.#world
    for (const client of this.table.values()) (client as Client).isEnded = true
    this.table.clear()
    this.#link.close()
    this.#process.connected = false
    const tellExit = (): void => {
      Object.assign(this.child, { exitCode: code, signalCode: signal })
      this.child.emit('exit', code, signal)
    }
    scheduler.after(1 + scheduler.upTo(20), tellExit)
    this.#lastSend(() => {
      this.child.connected = false
      this.child.emit('disconnect')
    })
    return true
  }

  /** It was never started. */
  abandon(): void {
    this.#state = 'ended'
    this.table.clear()
    this.#link.close()
  }

  stop(): void {
    if (this.#state !== 'running') return
    this.#state = 'stopped'
    this.#link.isStopped = true
  }

  resume(): void {
    if (this.#state !== 'stopped') return
    this.#state = 'running'
    this.#link.resume()
    for (const read of this.#unread.splice(0)) read()
  }

  /** Says something wrong. */
  lie(): void {
    if (this.#state !== 'running') return
    const { scheduler } = this.#world
    if (this.#world.liesOnLinks) return this.#lieOnLink()
    const lies = [null, { act: 'listen' }, { act: 'connections', connections: -4 }, { act: 'x' }, 'text']
    this.#deliver(this.child, { cmd: 'NODE_X_CLUSTER', body: lies[scheduler.upTo(lies.length)] })
  }

  /** A frame of the primary's, an answer to nothing, or what is no frame; some with a descriptor. */
  #lieOnLink(): void {
    const fd = this.table.add('a file')
    const ack = { type: 'ack', id: 4_000_000_000, connections: 0, refused: [], why: 'full' } as const
    const lies: (readonly [Buffer, readonly number[]])[] = [
      [encodeFrame(ack), []],
      [encodeFrame({ type: 'connections', listener: 1, id: 1, count: 1 }), [fd]],
      [encodeFrame({ type: 'listener', listener: 1, id: 1 }), [fd]],
      [Buffer.alloc(12, 9), [fd]],
    ]
    const [data, fds] = lies[this.#world.scheduler.upTo(lies.length)] as (typeof lies)[number]
    this.#world.hasLied = true
    this.#link.send(data, fds, () => {})
    this.table.close([fd])
  }

  #begin(): void {
    if (this.#state !== 'running') return
    if (this.#world.shouldFailToStart()) return void this.end(null, 1)
    this.#control.notify({ act: 'online' })
    this.#control.request(
      {
        act: 'listen',
        kind: 'tcp',
        at: { family: 'IPv4', address: '0.0.0.0', port: 80 },
        flags: {},
        backlog: 511,
        index: 0,
      },
      body => this.#listen(body as Extract<ToWorker, { act: 'listener' }>),
    )
  }

  #listen({ status, listener }: Extract<ToWorker, { act: 'listener' }>): void {
    if (status < 0 || this.#isLeaving) return
    this.#listener = listener
    this.#intake.open(listener, {
      hasRoom: promised => this.#held + promised < this.maxConnections,
      adopt: fd => {
        if (this.#world.isAdoptRefused()) return -24
        return () => this.#serve(fd)
      },
      adoptSocket: () => () => {},
    })
    this.#control.notify({
      act: 'listening',
      info: { addressType: 4, address: null, port: 80, fd: undefined },
    })
  }

  #serve(fd: number): void {
    const { scheduler } = this.#world
    const client = this.table.get(fd) as Client
    this.#world.served(client, this)
    this.#held++
    scheduler.after(scheduler.upTo(100), () => {
      if (this.#state === 'ended') return
      this.#world.checked(() => this.table.close([fd]))
      this.#held--
      this.#intake.tellConnections()
      this.#leaveIfDone()
    })
    if (scheduler.chance(0.02)) {
      // A listener that throws. In a process it would reach 'uncaughtException'.
      throw new Error(LISTENER_ERROR)
    }
  }

  #receive(message: ToWorker): void {
    if (message.act === 'ping') this.#control.notify({ act: 'pong', signs: { memory: 1, lagMs: 0 } })
    if (message.act !== 'drain' && message.act !== 'disconnect') return
    if (message.act === 'drain') {
      this.#world.scheduler.after(message.deadlineMs, () => this.end(null, 0))
    }
    this.#isLeaving = true
    this.#intake.receiveNow()
    if (this.#listener !== null) this.#intake.close(this.#listener)
    this.#leaveIfDone()
  }

  #leaveIfDone(): void {
    if (!this.#isLeaving || this.#held > 0 || this.#state === 'ended') return
    this.#control.request({ act: 'drained', ended: 0, forced: 0 }, () => this.end(null, 0))
  }

  #last = 0

  /** Messages keep their order. */
  #lastSend(run: () => void): void {
    const { scheduler } = this.#world
    this.#last = Math.max(this.#last, scheduler.now() + 1 + scheduler.upTo(10))
    scheduler.after(this.#last - scheduler.now(), run)
  }

  #deliver(to: EventEmitter, message: unknown): boolean {
    const copy = structuredClone(message)
    const read = (): void => {
      if (to === this.#process && this.#state === 'ended') return
      if (to === this.#process && this.#state === 'stopped') return void this.#unread.push(read)
      to.emit('internalMessage', copy, undefined)
    }
    if (this.#state === 'ended') return false
    this.#lastSend(read)
    return true
  }
}
