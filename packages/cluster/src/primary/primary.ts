// The primary's side of the node:cluster surface: forking, the table of workers, and their listeners.
import type { ChildProcess } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { type Address, type Status, selectTransport, type Transport } from '@x/core/transport'
import type { FromWorker, ListenAsk, ToWorker } from '../control/messages'
import { type Policy, toPolicy } from '../policy'
import { type ClusterSettings, mergeSettings, startWorker } from '../settings'
import { Worker, type WorkerControl } from '../worker'
import { type HandoverListener, openHandover } from './handover-listener'
import { openPortable, type PortableListener } from './portable-listener'
import { ListenerRegistry, type PrimaryListener } from './registry'
import { openReserved, openShared } from './shared-listener'
import { WorkerRecord } from './worker-record'

/** Environment variable that tells a child its worker number. */
export const WORKER_VARIABLE = 'X_CLUSTER_WORKER'
/** Environment variable that tells a child which descriptor is its end of the link. */
export const LINK_VARIABLE = 'X_CLUSTER_LINK_FD'

export const SCHED_NONE = 1
export const SCHED_RR = 2

export class Primary extends EventEmitter {
  readonly isMaster = true
  readonly isPrimary = true
  readonly isWorker = false
  readonly SCHED_NONE = SCHED_NONE
  readonly SCHED_RR = SCHED_RR
  readonly Worker = Worker
  /** Workers that live or are still connected, by id. */
  readonly workers: Record<string, Worker> = {}
  settings: ClusterSettings = {}
  /** `SCHED_RR`: the primary hands over each connection. `SCHED_NONE`: workers share the listening socket. */
  schedulingPolicy: number = process.env['NODE_CLUSTER_SCHED_POLICY'] === 'none' ? SCHED_NONE : SCHED_RR
  readonly #records = new Map<number, WorkerRecord>()
  readonly #listeners = new Set<HandoverListener | PortableListener>()
  readonly #registry: ListenerRegistry
  readonly #whenEmpty: (() => void)[] = []
  readonly #control: WorkerControl = {
    disconnect: worker => this.#disconnectWorker(worker),
    destroy: (worker, signal) => {
      ;(worker.process as ChildProcess).kill(signal ?? 'SIGTERM')
    },
  }
  #transport: Transport | null = null
  #lastId = 0

  /** `keepListeners`: an address stays open while it has no worker, until `closeListeners`. */
  constructor(options: { readonly keepListeners?: boolean } = {}) {
    super()
    this.#registry = new ListenerRegistry(
      (ask, done) => this.#open(ask, done),
      options.keepListeners ?? false,
    )
    // As with node:cluster, these can be taken off the object: `const { fork } = cluster`, `import { fork } from ...`.
    this.fork = this.fork.bind(this)
    this.disconnect = this.disconnect.bind(this)
    this.setupPrimary = this.setupPrimary.bind(this)
  }

  /** The transport of the listeners that this primary opens. */
  get transport(): Transport {
    this.#transport ??= selectTransport().transport
    return this.#transport
  }

  /** What is known of a worker beyond Node's surface. */
  record(id: number): WorkerRecord | undefined {
    return this.#records.get(id)
  }

  setupPrimary(settings?: ClusterSettings): void {
    this.settings = mergeSettings(this.settings, settings)
    const current = this.settings
    process.nextTick(() => this.emit('setup', current))
  }

  /** @deprecated The old name of `setupPrimary`. */
  setupMaster(settings?: ClusterSettings): void {
    this.setupPrimary(settings)
  }

  fork(env: NodeJS.ProcessEnv = {}, weight = 1): Worker {
    this.setupPrimary()
    const id = ++this.#lastId
    const pair = this.transport.descriptors?.socketPair()
    const [ours, theirs] = typeof pair === 'object' ? pair : [-1, -1]
    const child = startWorker(
      this.settings,
      { ...env, [WORKER_VARIABLE]: String(id) },
      theirs >= 0 ? { fd: theirs, variable: LINK_VARIABLE } : null,
    )
    if (theirs >= 0) this.transport.descriptors?.close([theirs])
    const worker = new Worker(id, child, this.#control)
    const record: WorkerRecord = new WorkerRecord({
      worker,
      weight,
      transport: this.transport,
      linkFd: ours,
      receive: (message, reply) => this.#receive(record, message, reply),
      onRoom: workerId => {
        for (const listener of this.#listeners) listener.placement.reopen(workerId)
      },
    })
    this.#records.set(id, record)
    this.workers[id] = worker
    this.#follow(record, child)
    process.nextTick(() => this.emit('fork', worker))
    return worker
  }

  /** The worker gets no more connections from this primary's listeners; those that no other worker uses are closed. */
  releaseWorker(worker: Worker): void {
    this.#registry.releaseAll(worker.id)
  }

  closeListeners(): void {
    this.#registry.closeAll()
  }

  /** Disconnects every worker; the callback runs when all are gone. */
  disconnect(callback?: () => void): void {
    const workers = Object.values(this.workers)
    if (typeof callback === 'function') this.#whenEmpty.push(callback)
    if (this.#records.size === 0) process.nextTick(() => this.#tellIfEmpty())
    for (const worker of workers) if (worker.isConnected()) worker.disconnect()
  }

  #follow(record: WorkerRecord, child: ChildProcess): void {
    const { worker } = record
    worker.on('message', (message, handle) => this.emit('message', worker, message, handle))
    child.once('exit', (code, signal) => {
      record.end()
      this.#registry.releaseAll(worker.id)
      if (!worker.isConnected()) this.#remove(worker)
      worker.exitedAfterDisconnect = worker.exitedAfterDisconnect === true
      worker.emit('exit', code, signal)
      this.emit('exit', worker, code, signal)
    })
    child.once('disconnect', () => {
      this.#registry.releaseAll(worker.id)
      if (worker.isDead()) this.#remove(worker)
      worker.exitedAfterDisconnect = worker.exitedAfterDisconnect === true
      worker.emit('disconnect')
      this.emit('disconnect', worker)
    })
  }

  #remove(worker: Worker): void {
    delete this.workers[worker.id]
    this.#records.delete(worker.id)
    this.#tellIfEmpty()
  }

  #tellIfEmpty(): void {
    if (this.#records.size > 0) return
    for (const callback of this.#whenEmpty.splice(0)) callback()
  }

  #disconnectWorker(worker: Worker): void {
    worker.exitedAfterDisconnect = true
    this.#records.get(worker.id)?.control.notify({ act: 'disconnect' })
    this.#registry.releaseAll(worker.id)
    // As with node:cluster, one that was told to go is no longer in the table, though it may live on for a while.
    delete this.workers[worker.id]
  }

  #receive(record: WorkerRecord, message: FromWorker, reply: (body: ToWorker) => void): void {
    const { worker } = record
    switch (message.act) {
      case 'online':
        worker.emit('online')
        this.emit('online', worker)
        break
      case 'listen':
        this.#listen(record, message, reply)
        break
      case 'listening':
        worker.emit('listening', message.info)
        this.emit('listening', worker, message.info)
        break
      case 'close':
        this.#registry.release(worker.id, message.listener)
        break
      case 'exitedAfterDisconnect':
        worker.exitedAfterDisconnect = true
        reply({ act: 'done' })
        break
      case 'load':
        record.setLoad(message.load)
        break
      case 'pong':
        record.report = message.load
        this.emit('workerMessage', worker, message)
        break
      default:
        this.emit('workerMessage', worker, message)
        reply({ act: 'done' })
    }
  }

  #listen(record: WorkerRecord, ask: ListenAsk, reply: (body: ToWorker) => void): void {
    this.#registry.take(record.id, ask, (status, listener, opened) => {
      const at: Address | Status | null = opened ? opened.sockname() : null
      reply({
        act: 'listener',
        status,
        mode: opened?.mode ?? 'handover',
        listener,
        at: typeof at === 'object' ? at : null,
      })
      opened?.join(record.id, listener)
    })
  }

  #open(ask: ListenAsk, done: (status: Status, listener: PrimaryListener | null) => void): void {
    const transport = this.transport
    if (transport.descriptors === null) return this.#openPortable(ask, done)
    const { policy } = this.settings
    const give = (worker: number, id: number, fd: number, sent: () => void): void => {
      const record = this.#records.get(worker)
      if (record) record.giveListener(id, fd, sent)
      else sent()
    }
    if (policy === 'reuse-port') return openReserved(transport, ask, give, done)
    if (this.schedulingPolicy === SCHED_NONE || this.settings.policy === 'shared') {
      return openShared(transport, ask, give, done)
    }
    const workers = {
      taker: (id: number) => this.#records.get(id),
      closed: (listener: HandoverListener) => this.#listeners.delete(listener),
    }
    openHandover(transport, ask, this.#policy(), workers, (status, listener) => {
      if (listener) this.#listeners.add(listener)
      done(status, listener)
    })
  }

  #openPortable(ask: ListenAsk, done: (status: Status, listener: PrimaryListener | null) => void): void {
    const workers = {
      taker: (id: number) => this.#records.get(id)?.sockets,
      closed: (listener: PortableListener) => this.#listeners.delete(listener),
    }
    openPortable(ask, this.#policy(), workers, (status, listener) => {
      if (listener) this.#listeners.add(listener)
      done(status, listener)
    })
  }

  /** The policy for connections that are handed over, whatever way of sharing was asked for. */
  #policy(): Policy {
    const { policy } = this.settings
    return toPolicy(
      policy === undefined || policy === 'shared' || policy === 'reuse-port' ? 'round-robin' : policy,
    )
  }
}
