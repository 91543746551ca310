// A managed cluster: as many workers as asked for, replaced when they fall, reloaded and drained without losing a
// connection. It decides who is started and ended when; a Member knows how.
import { EventEmitter } from 'node:events'
import type { FromWorker } from '../control/messages'
import { Primary } from '../primary/primary'
import type { Worker } from '../worker'
import { BackOff } from './back-off'
import { type DrainReport, Member } from './member'
import { checkCount, type Plan } from './options'
import { type ClusterStatus, statusOf } from './status'

/** Outcome of a reload. */
export interface ReloadReport {
  /** Workers that were replaced. */
  readonly replaced: number
  readonly drained: readonly DrainReport[]
}

/**
 * What `startCluster` gives. Events: `worker:ready` (id), `worker:exit` ({ id, code, signal, isExpected }), `restart`
 * ({ place, delayMs }), `unhealthy` (id), `give-up` ({ place, failures }), `reload` (report), `drained` (report), `stop`.
 */
export class Cluster extends EventEmitter {
  readonly #primary: Primary
  readonly #plan: Plan
  /** The worker that serves in each place, or is being started there. */
  readonly #members = new Map<number, Member>()
  readonly #draining = new Set<Member>()
  readonly #backOff = new Map<number, BackOff>()
  readonly #restarts = new Map<number, number>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #health: NodeJS.Timeout | null = null
  #size: number
  #generation = 1
  #isStopping = false
  /** Reload, scale and stop run one after the other. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(plan: Plan) {
    super()
    this.#plan = plan
    this.#size = plan.workers
    this.#primary = new Primary({ keepListeners: true })
    const { exec, args, execArgv, cwd, silent, stdio, uid, gid, serialization, policy, windowsHide } = plan
    this.#primary.setupPrimary(
      defined({ exec, args, execArgv, cwd, silent, stdio, uid, gid, serialization, policy, windowsHide }),
    )
    this.#primary.on('workerMessage', (worker: Worker, message: FromWorker) => {
      this.#find(worker.id)?.receive(message)
    })
    this.#primary.on('message', (worker: Worker, message: unknown, handle: unknown) => {
      plan.onMessage?.(worker, message, handle)
      this.emit('message', worker, message, handle)
    })
    if (plan.onListening) this.#primary.on('listening', plan.onListening)
  }

  /** Starts the first workers; resolves when all are ready, rejects (and ends them) when one is not. */
  async start(): Promise<this> {
    try {
      await Promise.all(this.#places().map(place => this.#startAt(place)))
    } catch (error) {
      this.#isStopping = true
      for (const member of [...this.#members.values(), ...this.#starting]) member.discard()
      this.#primary.closeListeners()
      throw error
    }
    this.#watchHealth()
    return this
  }

  /** The workers as they are now, with their numbers. */
  status(): ClusterStatus {
    return statusOf({
      primary: this.#primary,
      members: [...this.#members.values(), ...this.#draining],
      restarts: place => this.#restarts.get(place) ?? 0,
      generation: this.#generation,
      policy: this.#plan.policy,
    })
  }

  /** Open connections of all workers together. */
  getConnections(): number {
    return this.status().connections
  }

  /**
   * Replaces every worker: starts the successors, waits until all are ready, then drains the old ones. Where a successor
   * fails to start, all successors are drained, the old ones go on, and the promise rejects (`ERR_X_RELOAD_FAILED`).
   */
  reload(): Promise<ReloadReport> {
    return this.#inTurn(async () => {
      const successors: Member[] = []
      try {
        for (const place of this.#places()) {
          successors.push(await this.#ready(place))
          if (this.#isStopping) throw stopped()
        }
        const fallen = successors.find(member => member.state === 'gone')
        if (fallen)
          throw coded('ERR_X_WORKER_START', `Worker ${fallen.id} ended before the others were ready`)
      } catch (cause) {
        for (const member of successors) this.#dismiss(member)
        throw coded('ERR_X_RELOAD_FAILED', 'A new worker did not become ready; the old workers go on', cause)
      }
      this.#generation++
      const old = successors.map(successor => this.#replace(successor))
      const drained = await Promise.all(old.map(member => this.#drain(member, this.#plan.drainTimeoutMs)))
      const report = { replaced: successors.length, drained: drained.filter(entry => entry !== null) }
      this.emit('reload', report)
      return report
    })
  }

  /** Changes the number of workers; resolves when the new ones are ready and the surplus is drained. */
  scale(workers: number): Promise<void> {
    checkCount('workers', workers)
    return this.#inTurn(async () => {
      const before = this.#size
      this.#size = workers
      const added = this.#places().filter(place => place >= before)
      const surplus = [...this.#members.values()].filter(member => member.place >= workers)
      for (const member of surplus) this.#members.delete(member.place)
      await Promise.all([
        ...added.map(place => this.#startAt(place)),
        ...surplus.map(member => this.#drain(member, this.#plan.drainTimeoutMs)),
      ])
    })
  }

  /** Ends all workers once their connections have ended, at the latest after `timeoutMs`; then the cluster is stopped. */
  async drain(timeoutMs: number = this.#plan.drainTimeoutMs): Promise<readonly DrainReport[]> {
    this.#isStopping = true
    this.#stopTimers()
    this.#primary.closeListeners()
    for (const member of this.#starting) member.discard()
    const members = [...this.#members.values()]
    this.#members.clear()
    const reports = await Promise.all(members.map(member => this.#drain(member, timeoutMs)))
    await Promise.all([...this.#draining].map(member => member.drain(this.#primary, timeoutMs)))
    this.emit('stop')
    return reports.filter(report => report !== null)
  }

  /** Ends all workers now, their connections with them. */
  async stop(): Promise<void> {
    for (const member of this.#draining) member.hurry()
    await this.drain(0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #places(): number[] {
    return Array.from({ length: this.#size }, (_, place) => place)
  }

  #find(id: number): Member | undefined {
    for (const member of [...this.#members.values(), ...this.#draining, ...this.#starting]) {
      if (member.id === id) return member
    }
    return undefined
  }

  readonly #starting = new Set<Member>()

  /** A worker for a place, once it is ready. */
  #ready(place: number): Promise<Member> {
    const member = new Member(this.#primary, this.#plan, place)
    this.#starting.add(member)
    return new Promise((resolve, reject) => {
      const onGone = (code: number | null, signal: string | null): void => {
        this.#starting.delete(member)
        this.emit('worker:exit', { id: member.id, code, signal, isExpected: false })
        reject(
          coded(
            'ERR_X_WORKER_START',
            `Worker ${member.id} ended before it was ready (${signal ?? `code ${code}`})`,
          ),
        )
      }
      member.once('gone', onGone)
      member.once('ready', () => {
        this.#starting.delete(member)
        member.off('gone', onGone)
        member.once('gone', (code, signal, isExpected) => this.#onGone(member, code, signal, isExpected))
        this.emit('worker:ready', member.id)
        resolve(member)
      })
    })
  }

  async #startAt(place: number): Promise<void> {
    const member = await this.#ready(place)
    // Meanwhile a reload may have filled the place, or `scale` given it up.
    if (this.#isStopping || place >= this.#size || this.#members.has(place)) this.#dismiss(member)
    else this.#members.set(place, member)
  }

  /** Ends a worker that is ready and has no place. It may have connections already. */
  #dismiss(member: Member): void {
    if (this.#isStopping) member.discard()
    else void this.#drain(member, this.#plan.drainTimeoutMs)
  }

  /** Puts a successor in its place; returns who was there. */
  #replace(successor: Member): Member | undefined {
    const old = this.#members.get(successor.place)
    this.#members.set(successor.place, successor)
    return old
  }

  async #drain(member: Member | undefined, timeoutMs: number): Promise<DrainReport | null> {
    if (!member) return null
    this.#draining.add(member)
    const report = await member.drain(this.#primary, timeoutMs)
    this.#draining.delete(member)
    this.emit('drained', report)
    return report
  }

  #onGone(member: Member, code: number | null, signal: string | null, isExpected: boolean): void {
    this.emit('worker:exit', { id: member.id, code, signal, isExpected })
    if (this.#members.get(member.place) !== member) return
    this.#members.delete(member.place)
    if (!isExpected && !this.#isStopping) this.#restart(member.place)
  }

  #restart(place: number): void {
    if (this.#isStopping || this.#plan.restart === false || place >= this.#size) return
    const backOff = this.#backOff.get(place) ?? new BackOff(this.#plan.restart)
    this.#backOff.set(place, backOff)
    const delayMs = backOff.fail()
    if (delayMs === null) {
      this.emit('give-up', { place, failures: backOff.failures })
      return
    }
    this.#restarts.set(place, (this.#restarts.get(place) ?? 0) + 1)
    this.emit('restart', { place, delayMs })
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      if (this.#isStopping || place >= this.#size || this.#members.has(place)) return
      this.#startAt(place).catch(() => this.#restart(place))
    }, delayMs)
    this.#timers.add(timer)
  }

  #watchHealth(): void {
    const { health } = this.#plan
    if (health === false) return
    const deadlineMs = health?.deadlineMs ?? 10_000
    this.#health = setInterval(() => {
      for (const member of this.#members.values()) {
        if (member.state !== 'ready' || member.ask(deadlineMs)) continue
        this.emit('unhealthy', member.id)
        member.kill()
      }
    }, health?.intervalMs ?? 1_000)
    this.#health.unref()
  }

  #stopTimers(): void {
    if (this.#health) clearInterval(this.#health)
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(() => {
      if (this.#isStopping) throw stopped()
      return task()
    })
    this.#last = result.catch(() => {})
    return result
  }
}

function defined<T extends object>(settings: T): Partial<T> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as Partial<T>
}

function stopped(): Error {
  return coded('ERR_X_CLUSTER_STOPPED', 'The cluster is stopped')
}

function coded(code: string, message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, cause === undefined ? undefined : { cause }), { code })
}
