// The primary's side of the node:cluster surface: the one table of this process's workers, forked or kept up by startCluster.
// It starts and forgets them; what a worker is, and what it listens on, are known elsewhere.
import { EventEmitter } from 'node:events'
import { systemError } from '@x/core/internal'
import { type ClusterModule, type ClusterModuleEvents, SCHED_NONE, SCHED_RR } from '../both/cluster-module'
import type { Reply } from '../both/control-endpoint'
import { guarded } from '../both/guard'
import { nextTick } from '../both/host'
import type { FromWorker, ListeningInfo, ToWorker } from '../both/messages'
import { Worker } from '../both/worker'
import { hostOs, type PrimaryOs } from './os'
import { requirePeek } from './policy/peek'
import { WorkerGroup } from './worker-group'
import { type WorkerEnd, type WorkerOwner, WorkerProcess } from './worker-process'
import { type ClusterSettings, mergeSettings } from './worker-settings'

/** Who started a worker, and what it wants to hear of it. */
export interface WorkerStarter {
  /** Its listeners, shared with the other workers of the same starter. */
  readonly group: WorkerGroup
  online?(worker: WorkerProcess): void
  listening?(worker: WorkerProcess, info: ListeningInfo): void
  /** A server of it could not listen. */
  listenFailed?(worker: WorkerProcess, error: Error): void
  /** It says that it can serve. */
  ready?(worker: WorkerProcess): void
  message?(worker: WorkerProcess, message: unknown, handle: unknown): void
  ended?(worker: WorkerProcess, end: WorkerEnd): void
  warn(error: Error, worker: WorkerProcess): void
}

export interface StartOptions {
  readonly settings: ClusterSettings
  readonly env: NodeJS.ProcessEnv
  readonly weight: number
  /** See `WorkerStart`. */
  readonly leavesSignals?: boolean
  /** The place. Default: the lowest that no worker of the same starter has. */
  readonly place?: number
}

export class Primary extends EventEmitter<ClusterModuleEvents> implements ClusterModule {
  readonly isMaster = true
  readonly isPrimary = true
  readonly isWorker = false
  readonly SCHED_NONE = SCHED_NONE
  readonly SCHED_RR = SCHED_RR
  readonly Worker = Worker
  readonly worker = undefined
  readonly workers: Record<string, Worker> = {}
  settings: ClusterSettings = {}
  schedulingPolicy: number = process.env['NODE_CLUSTER_SCHED_POLICY'] === 'none' ? SCHED_NONE : SCHED_RR
  readonly os: PrimaryOs
  /** Every worker that is not gone or whose channel is not closed, and who started it. */
  readonly #processes = new Map<WorkerProcess, WorkerStarter>()
  readonly #forker: WorkerStarter
  readonly #whenEmpty: (() => void)[] = []
  #lastId = 0

  constructor(os: PrimaryOs = hostOs) {
    super()
    this.os = os
    const group = new WorkerGroup({
      os,
      keepAddresses: false,
      spread: () => {
        const { policy } = this.settings
        return policy ?? (this.schedulingPolicy === SCHED_NONE ? 'shared' : 'round-robin')
      },
      warn: error => process.emitWarning(error),
    })
    this.#forker = {
      group,
      online: worker => worker.becomeReady(),
      warn(error, { face }) {
        if (face.listenerCount('error') > 0) face.emit('error', error)
        else process.emitWarning(error)
      },
    }
    // As with node:cluster, these can be taken off the object: `const { fork } = cluster`, `import { fork } from ...`.
    this.fork = this.fork.bind(this)
    this.disconnect = this.disconnect.bind(this)
    this.setupPrimary = this.setupPrimary.bind(this)
    this.setupMaster = this.setupMaster.bind(this)
  }

  setupPrimary(settings?: ClusterSettings): void {
    const merged = mergeSettings(this.settings, settings)
    requirePeek(merged.policy, () => this.os.transport)
    this.settings = merged
    const current = this.settings
    nextTick(() => this.emit('setup', current))
  }

  setupMaster(settings?: ClusterSettings): void {
    this.setupPrimary(settings)
  }

  fork(env: object = {}): Worker {
    this.setupPrimary()
    const settings = this.settings
    return this.start(this.#forker, { settings, env: env as NodeJS.ProcessEnv, weight: 1 }).face
  }

  disconnect(callback?: () => void): void {
    const forked = this.#startedBy(this.#forker)
    if (typeof callback === 'function') {
      // Those that are forked after this call are none of its business.
      if (forked.length === 0) nextTick(guarded, callback)
      else this.#whenEmpty.push(callback)
    }
    for (const { id, face } of forked) if (this.workers[id] && face.isConnected()) face.disconnect()
  }

  /** Starts a worker. Throws for settings that are wrong; what the system refuses is told to the starter as its end. */
  start(starter: WorkerStarter, options: StartOptions): WorkerProcess {
    const { place = this.#freePlace(starter), leavesSignals = false } = options
    const worker = new WorkerProcess(this.os, {
      ...options,
      id: ++this.#lastId,
      place,
      leavesSignals,
      owner: this.#ownerFor(starter),
    })
    this.#processes.set(worker, starter)
    this.workers[worker.id] = worker.face
    worker.face.on('message', (message, handle) => {
      guarded(() => starter.message?.(worker, message, handle))
      guarded(() => this.emit('message', worker.face, message, handle))
    })
    nextTick(() => this.emit('fork', worker.face))
    return worker
  }

  #startedBy(starter: WorkerStarter): WorkerProcess[] {
    return [...this.#processes].filter(([, by]) => by === starter).map(([worker]) => worker)
  }

  #freePlace(starter: WorkerStarter): number {
    const taken = new Set<number>()
    for (const { state, place } of this.#startedBy(starter)) {
      if (state === 'starting' || state === 'ready') taken.add(place)
    }
    let place = 0
    while (taken.has(place)) place++
    return place
  }

  #ownerFor(starter: WorkerStarter): WorkerOwner {
    return {
      message: (worker, message, reply) => this.#onMessage(starter, worker, message, reply),
      changed(worker) {
        if (worker.state === 'draining' || worker.state === 'gone') starter.group.releaseAll(worker)
        else starter.group.changed(worker)
      },
      left: worker => void delete this.workers[worker.id],
      disconnected: worker => this.#onDisconnected(worker),
      ended: (worker, end) => this.#onEnded(starter, worker, end),
      warn: (error, worker) => guarded(() => starter.warn(error, worker)),
    }
  }

  #onMessage(
    starter: WorkerStarter,
    worker: WorkerProcess,
    message: FromWorker,
    reply: Reply<ToWorker>,
  ): void {
    const { face } = worker
    switch (message.act) {
      case 'online':
        starter.online?.(worker)
        guarded(() => face.emit('online'))
        guarded(() => this.emit('online', face))
        break
      case 'listen':
        if (!starter.group.listen(worker, message, reply)) worker.fail('a second ask for one listener')
        break
      case 'datagram':
        if (!starter.group.bindDatagram(worker, message, reply)) worker.fail('a second ask for one socket')
        break
      case 'listening':
        guarded(() => starter.listening?.(worker, message.info))
        guarded(() => face.emit('listening', message.info))
        guarded(() => this.emit('listening', face, message.info))
        break
      case 'listen-failed': {
        const address =
          'path' in message.at ? message.at.path : 'address' in message.at ? message.at.address : null
        const port = 'port' in message.at ? message.at.port : undefined
        starter.listenFailed?.(worker, systemError(message.status, 'listen', { address, port }))
        break
      }
      case 'close':
        starter.group.release(worker, message.listener)
        break
      case 'ready':
        starter.ready?.(worker)
        break
      default:
    }
  }

  #onDisconnected(worker: WorkerProcess): void {
    const { face } = worker
    if (worker.state === 'gone') this.#remove(worker)
    face.exitedAfterDisconnect = face.exitedAfterDisconnect === true
    guarded(() => face.emit('disconnect'))
    guarded(() => this.emit('disconnect', face))
  }

  #onEnded(starter: WorkerStarter, worker: WorkerProcess, end: WorkerEnd): void {
    const { face } = worker
    if (!face.isConnected() || worker.pid === undefined) this.#remove(worker)
    face.exitedAfterDisconnect = face.exitedAfterDisconnect === true
    guarded(() => starter.ended?.(worker, end))
    guarded(() => face.emit('exit', end.code, end.signal))
    guarded(() => this.emit('exit', face, end.code, end.signal))
  }

  #remove(worker: WorkerProcess): void {
    delete this.workers[worker.id]
    this.#processes.delete(worker)
    this.#tellIfEmpty()
  }

  #tellIfEmpty(): void {
    if (this.#startedBy(this.#forker).length > 0) return
    for (const callback of this.#whenEmpty.splice(0)) guarded(callback)
  }
}
