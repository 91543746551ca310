// A cluster that is kept up: as many workers as asked for, replaced when they fall, reloaded and drained without losing a
// connection. It decides who is started and ended when; what a worker does is the worker's.
import { EventEmitter } from 'node:events'
import { validateInteger } from '@x/core/internal'
import { clusterError, withCause } from '../../both/errors'
import { guarded } from '../../both/guard'
import type { Worker } from '../../both/worker'
import { nameOfSpread } from '../policy'
import type { Primary, WorkerStarter } from '../primary'
import { WorkerGroup } from '../worker-group'
import type { DrainReport, WorkerProcess } from '../worker-process'
import type { ClusterEvents } from './events'
import { HealthWatch } from './health'
import { checkedWorkers, type DrainOptions, drainTimes, type Plan } from './options'
import { Place } from './place'
import { Readiness } from './readiness'
import { type Crew, type ReloadReport, reload } from './reload'
import { type ClusterStatus, statusOfWorker } from './status'

/** What a cluster that stops gives its workers to take the connections that it has accepted. */
const HAND_OVER_MS = 1000

/** How often a worker is started again that a signal to the whole process group has ended while it was loading. */
const MOST_AGAIN = 3

/** Where a cluster is in its life. Only forward. */
type ClusterState = 'starting' | 'running' | 'stopping' | 'stopped'

/**
 * A running cluster, the result of `startCluster`. `ToWorker` and `FromWorker` are the types of the messages that the
 * program sends to its workers and gets from them. For its events see `ClusterEvents`.
 */
export class Cluster<ToWorker = unknown, FromWorker = unknown> extends EventEmitter<
  ClusterEvents<FromWorker>
> {
  readonly #primary: Primary
  readonly #plan: Plan
  readonly #starter: WorkerStarter
  readonly #places: Place[] = []
  /** Every worker of this cluster that is not gone. */
  readonly #alive = new Set<WorkerProcess>()
  /** Those that are not ready yet. */
  readonly #starting = new Map<WorkerProcess, Readiness>()
  readonly #health: HealthWatch | null
  #state: ClusterState = 'starting'
  #generation = 1
  /** Reload and scale run one after the other. */
  #last: Promise<unknown> = Promise.resolve()
  #stopped: Promise<readonly DrainReport[]> | null = null

  /** Made by `startCluster`; not by programs. */
  constructor(primary: Primary, plan: Plan) {
    super()
    this.#primary = primary
    this.#plan = plan
    const { os } = primary
    this.#health =
      plan.health === false
        ? null
        : new HealthWatch(
            os,
            plan.health,
            () => this.#alive,
            worker => this.#onUnhealthy(worker),
          )
    this.#starter = {
      group: new WorkerGroup({
        os,
        keepAddresses: true,
        spread: () => plan.spread,
        warn: error => this.#warn(error),
      }),
      listening: (worker, info) => {
        if (plan.readyOn === 'listening') worker.becomeReady()
        guarded(() => plan.onListening?.(worker.face, info))
      },
      listenFailed: (worker, error) => {
        if (plan.readyOn === 'listening') this.#starting.get(worker)?.listenFailed(error)
      },
      ready: worker => {
        if (plan.readyOn === 'call') worker.becomeReady()
      },
      message: ({ face }, message, handle) => {
        guarded(() => plan.onMessage?.(face, message, handle))
        this.#tell('message', face, message as FromWorker, handle)
      },
      ended: worker => this.#onEnded(worker),
      warn: error => this.#warn(error),
    }
  }

  /** Starts the first workers; resolves when all are ready, rejects when one is not, and has ended them all then. */
  async start(): Promise<this> {
    this.#setSize(this.#plan.workers)
    const filled = Promise.all(this.#places.map(place => this.#fill(place)))
    // A reload that is asked for meanwhile comes after it.
    this.#last = filled.catch(() => {})
    try {
      await filled
      this.#checkRunning()
    } catch (error) {
      await this.#stop(0, 0)
      throw error
    }
    this.#state = 'running'
    this.#health?.start()
    return this
  }

  /** All workers, including those that are starting or being drained, ordered by id. */
  get workers(): readonly Worker[] {
    return [...this.#alive].sort((a, b) => a.id - b.id).map(worker => worker.face)
  }

  /** The current state of the cluster and its workers. */
  status(): ClusterStatus {
    const now = this.#primary.os.now()
    const workers = [...this.#alive]
      .sort((a, b) => a.id - b.id)
      .map(worker => statusOfWorker(worker, this.#places[worker.place]?.restarts ?? 0, now))
    return {
      workers,
      connections: workers.reduce((sum, worker) => sum + worker.connections, 0),
      generation: this.#generation,
      policy: nameOfSpread(this.#plan.spread),
      transport: this.#primary.os.transport.name,
    }
  }

  /** The sum of the open connections of all workers. */
  getConnections(): number {
    return this.status().connections
  }

  /**
   * Sends a message to the worker in each place, where it arrives as `process.on('message')`. Returns the number of these
   * workers.
   */
  broadcast(message: ToWorker): number {
    let count = 0
    for (const { worker } of this.#places) {
      if (!worker?.face.isConnected()) continue
      worker.face.send(message)
      count++
    }
    return count
  }

  /**
   * Sends a message to the worker in a place, from 0. Returns false if there is none at the moment, or if so many messages
   * are queued that further ones should wait. Throws `ERR_OUT_OF_RANGE` for a place that the cluster does not have,
   * `ERR_INVALID_ARG_TYPE` for something other than a number.
   */
  send(place: number, message: ToWorker): boolean {
    validateInteger(place, 'place', 0, this.#places.length - 1)
    const worker = this.#places[place]?.worker
    return worker?.face.isConnected() === true && worker.face.send(message)
  }

  /**
   * Replaces every worker: starts the successors one after the other, waits until each is ready, then drains the old
   * ones. If a successor fails to start, all successors are drained, the old workers continue, and the promise rejects
   * with `ERR_X_RELOAD_FAILED`, whose `cause` says why. Rejects with `ERR_X_CLUSTER_STOPPED` after a drain.
   */
  reload(): Promise<ReloadReport> {
    return this.#inTurn(async () => {
      const report = await reload(this.#crew(), () => {
        this.#generation++
      })
      this.#tell('reload', report)
      return report
    })
  }

  /**
   * Changes the number of workers; resolves when the new ones are ready and the surplus is drained. Rejects with
   * `ERR_X_WORKER_START` if a new one failed; it is started again, like any worker that ends. Throws `ERR_OUT_OF_RANGE`,
   * `ERR_INVALID_ARG_TYPE`; rejects with `ERR_X_CLUSTER_STOPPED` after a drain.
   */
  scale(workers: number): Promise<void> {
    checkedWorkers(workers)
    return this.#inTurn(async () => {
      const surplus = this.#places.slice(workers)
      const added = this.#setSize(workers)
      for (const place of surplus) place.stopTimer()
      const leaving = surplus.map(place => place.worker).filter(worker => worker !== null)
      await Promise.all([
        ...added.map(place => this.#fill(place)),
        ...leaving.map(worker => this.#drain(worker)),
      ])
    })
  }

  /**
   * Ends all workers once their connections have ended, at the latest after `timeoutMs`; then the cluster is stopped. A
   * second call replaces the deadlines. Resolves with a report for each worker. Throws `ERR_OUT_OF_RANGE`,
   * `ERR_INVALID_ARG_TYPE`.
   */
  drain(options?: number | DrainOptions): Promise<readonly DrainReport[]> {
    const { timeoutMs, idleMs } = drainTimes(options, this.#plan)
    return this.#stop(timeoutMs, idleMs)
  }

  /** Ends all workers and their connections at once. */
  async stop(): Promise<void> {
    await this.#stop(0, 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** Makes as many places; answers the new ones. */
  #setSize(size: number): Place[] {
    const before = this.#places.length
    const { os } = this.#primary
    for (let number = before; number < size; number++) {
      this.#places.push(new Place(os, number, this.#plan.restart))
    }
    this.#places.length = size
    return this.#places.slice(before)
  }

  #crew(): Crew {
    return {
      places: this.#places,
      checkRunning: () => this.#checkRunning(),
      startSuccessor: place =>
        this.#startUntilReady(() => {
          place.successor = this.#startWorker(place)
          return place.successor
        }, MOST_AGAIN),
      drain: worker => this.#drain(worker),
      refill: place => this.#recover(place),
    }
  }

  /** A worker in a place that has none; resolves when it is ready. */
  async #fill(place: Place): Promise<void> {
    const start = (): WorkerProcess => {
      try {
        place.worker = this.#startWorker(place)
        return place.worker
      } catch (error) {
        this.#recover(place)
        throw error
      }
    }
    // Later on, a place whose worker fell gets another one after a while.
    await this.#startUntilReady(start, this.#state === 'starting' ? MOST_AGAIN : 0)
  }

  /** A signal to the whole group ends workers that are still loading. It was meant for us: they are started again. */
  async #startUntilReady(start: () => WorkerProcess, mostAgain: number): Promise<WorkerProcess> {
    for (let again = 0; ; again++) {
      const worker = start()
      try {
        await this.#becomesReady(worker)
        return worker
      } catch (error) {
        if (!worker.fellWithGroup || again === mostAgain) throw error
        this.#checkRunning()
      }
    }
  }

  /** Throws where the options cannot be meant; what the system refuses is an end of the worker. */
  #startWorker(place: Place): WorkerProcess {
    const plan = this.#plan
    const worker = this.#primary.start(this.#starter, {
      settings: plan.settings,
      env: plan.env,
      leavesSignals: plan.signals,
      weight: plan.weight(place.number),
      place: place.number,
    })
    // Without a listener, an 'error' would be an uncaught exception; 'worker:exit' tells of a start that failed.
    worker.face.on('error', () => {})
    this.#alive.add(worker)
    void worker.reaches('draining', 'gone').then(() => this.#onLeaving(worker))
    return worker
  }

  /** It serves no more, and nobody who keeps it up has told it so; it may live on all the same. */
  #onLeaving(worker: WorkerProcess): void {
    if (worker.state === 'gone' || worker.isDismissed) return
    const hasSaidSo = worker.face.exitedAfterDisconnect === true
    worker.endWithin(hasSaidSo ? this.#plan.drainTimeoutMs : 0)
    // Otherwise its end is on its way here, and is told of first.
    if (!hasSaidSo) return
    const place = this.#places[worker.place]
    if (place?.worker !== worker || this.#state !== 'running') return
    place.worker = null
    this.#recover(place)
  }

  async #becomesReady(worker: WorkerProcess): Promise<void> {
    const { os } = this.#primary
    const { readyTimeoutMs } = this.#plan
    const readiness = new Readiness(os, worker, readyTimeoutMs)
    this.#starting.set(worker, readiness)
    const failure = await readiness.result()
    this.#starting.delete(worker)
    if (failure === null) return this.#tell('worker:ready', worker.id)
    this.#checkRunning()
    throw withCause(clusterError('ERR_X_WORKER_START', worker.id, failure.why), failure.cause)
  }

  async #drain(worker: WorkerProcess): Promise<DrainReport> {
    const { drainTimeoutMs, drainIdleMs } = this.#plan
    worker.drain(drainTimeoutMs, drainIdleMs)
    await worker.reaches('gone')
    this.#tell('drained', worker.drained)
    return worker.drained
  }

  #onEnded(worker: WorkerProcess): void {
    this.#alive.delete(worker)
    const { end, id, place: number, isDismissed } = worker
    const { code = null, signal = null, error = null } = end ?? {}
    this.#tell('worker:exit', { id, place: number, code, signal, isExpected: isDismissed, error })
    const place = this.#places[number]
    if (place?.successor === worker) place.successor = null
    if (place?.worker !== worker) return
    place.worker = null
    if (!isDismissed) this.#recover(place, error)
  }

  /** A place without a worker gets one after a while, unless a successor is on its way. */
  #recover(place: Place, error: Error | null = null): void {
    if (this.#state !== 'running' || place.successor !== null || this.#places[place.number] !== place) return
    const recovery = place.recover(error, () => {
      if (this.#state !== 'running' || place.worker !== null || place.successor !== null) return
      // A worker that fails is told of as its end; both ways lead here again.
      this.#fill(place).catch(error => {
        const isToldOtherwise = error.code === 'ERR_X_WORKER_START' || this.#state !== 'running'
        if (place.worker === null && !isToldOtherwise) this.#warn(error)
      })
    })
    if (recovery?.kind === 'wait') {
      this.#tell('restart', { place: place.number, delayMs: recovery.delayMs })
    } else if (recovery?.kind === 'give-up') {
      this.#tell('give-up', { place: place.number, failures: recovery.failures })
    }
  }

  #onUnhealthy(worker: WorkerProcess): void {
    this.#tell('unhealthy', worker.id)
    worker.kill()
  }

  #stop(timeoutMs: number, idleMs: number): Promise<readonly DrainReport[]> {
    const leaving = [...this.#alive]
    const served = leaving.filter(({ state }) => state !== 'starting')
    this.#state = this.#state === 'stopped' ? 'stopped' : 'stopping'
    this.#health?.stop()
    for (const place of this.#places) place.stopTimer()
    for (const worker of leaving) if (worker.state === 'starting') worker.discard()
    const { os } = this.#primary
    const deadline = os.now() + timeoutMs
    this.#starter.group.close(Math.min(timeoutMs, HAND_OVER_MS), () => {
      const restMs = Math.max(0, Math.round(deadline - os.now()))
      for (const worker of served) worker.drain(restMs, idleMs)
    })
    this.#stopped ??= this.#ends(leaving, served)
    return this.#stopped
  }

  async #ends(
    leaving: readonly WorkerProcess[],
    served: readonly WorkerProcess[],
  ): Promise<readonly DrainReport[]> {
    await Promise.all(leaving.map(worker => worker.reaches('gone')))
    this.#state = 'stopped'
    const reports = served.map(({ drained }) => drained)
    for (const report of reports) this.#tell('drained', report)
    this.#tell('stop')
    return reports
  }

  #checkRunning(): void {
    if (this.#state === 'stopping' || this.#state === 'stopped') throw clusterError('ERR_X_CLUSTER_STOPPED')
  }

  #warn(error: Error): void {
    if (this.listenerCount('warning') > 0) this.#tell('warning', error)
    else process.emitWarning(error)
  }

  #tell<Name extends keyof ClusterEvents>(event: Name, ...args: ClusterEvents<FromWorker>[Name]): void {
    guarded(() => (this as EventEmitter).emit(event, ...args))
  }

  #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(() => {
      this.#checkRunning()
      return task()
    })
    this.#last = result.catch(() => {})
    return result
  }
}
