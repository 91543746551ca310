// The program as a whole: its workers, what they tell, and how it is reloaded, scaled and ended. It knows no command line, no
// signal and no page.
import { EventEmitter } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Cluster, type ClusterStatus, startCluster, type WorkerStatus } from '@x/cluster'
import { clusterMetrics } from '@x/cluster/metrics'
import type { Registry } from 'prom-client'
import type { Bridge } from '../bus/bridge'
import type { BusStatus } from '../bus/bus-report'
import { type Counts, sum } from '../client/statistics'
import { count } from '../count'
import { Log } from '../log'
import { BRIDGE } from '../mesh/questions'
import type { Options } from '../options'
import { Hub } from './hub'
import { HUB_VARIABLE, type Leaving, type Places, type Sighting, type WorkerReport } from './hub-messages'
import { Operations } from './operations'
import { socketsOfManager } from './service-manager'
import { clearStalePath } from './stale-path'
import { StartError } from './start-error'
import { successorOf } from './successor'

/** What the cluster counts as connections are those that it handed over: `clients` has those that were moved, too. */
export interface WorkerView extends Omit<WorkerStatus, 'connections'> {
  readonly clients: number
  readonly subscribers: number
}

/** All that the program tells of itself. */
export interface Status extends Omit<ClusterStatus, 'workers' | 'connections'> {
  readonly pid: number
  readonly uptimeMs: number
  readonly places: Places
  readonly clients: number
  readonly subscribers: number
  readonly counts: Counts
  /** Addresses and networks with most clients, as each worker has counted its own busiest. */
  readonly busiest: readonly { readonly network: string; readonly clients: number }[]
  readonly reloads: number
  readonly workers: readonly WorkerView[]
  /** The connection to the brokers on other machines; null for a broker alone. */
  readonly bus: BusStatus | null
}

/** What workers have at the end to send their clients what is theirs. */
const STOP_MS = 10_000
/** Addresses that the status names. */
const BUSIEST = 5
/** A worker that others have lost, and that lives on for so long, is not one of them any more. */
const FENCE_MS = 2000

/** Events: `seen` (what a worker tells while somebody watches), `line` (for people), `leaving` (a worker hands its clients over). */
export class Supervisor extends EventEmitter<{
  seen: [worker: number, Sighting]
  line: [string]
  leaving: []
}> {
  readonly log: Log
  /** What it is told to do. */
  readonly operations = new Operations()
  readonly #options: Options
  readonly #startedMs = Date.now()
  readonly #hub: Hub
  readonly #cleared = new Map<string, Promise<null>>()
  /** Why a worker said that it cannot start. */
  #failure: string | null = null
  #cluster: Cluster | null = null
  #bridge: Bridge | null = null
  #metrics: Registry | null = null
  #places: Places = { port: null, path: null }
  #reloads = 0
  /** How many clients workers have moved and ended since the last look. */
  #left: Leaving = { moved: 0, ended: 0 }
  /** Workers that there are to be. */
  #wanted: number
  /** Workers whose death was asked for. */
  readonly #killed = new Set<number>()
  #isStopping = false
  #isDraining = false
  #isWatched = false

  constructor(options: Options) {
    super()
    this.#options = options
    this.#wanted = options.workers
    this.log = new Log(options.logLevel)
    this.#hub = new Hub({
      hello: () => ({
        peers: [...(this.#bridge === null ? [] : [this.#bridge.peer]), ...this.#hub.peers],
        pid: process.pid,
        startedMs: this.#startedMs,
        isWatched: this.#isWatched,
        isDraining: this.#isDraining,
      }),
      clearPath: path => this.#clear(path),
      opened: places => {
        this.#places = places
        return null
      },
      failed: message => {
        this.#failure ??= message
        return null
      },
      lost: ({ id, why }, worker) => this.#onLost(worker, id, why),
      staying: () => {
        this.emit('leaving')
        return this.#staying()
      },
      left: ({ moved, ended }) => {
        this.#left = { moved: this.#left.moved + moved, ended: this.#left.ended + ended }
        return null
      },
      seen: (sighting, worker) => {
        this.emit('seen', worker, sighting)
        return null
      },
    })
  }

  get places(): Places {
    return this.#places
  }

  /** Starts the workers; resolves when all are ready. Rejects with `StartError`, and leaves nothing open then. */
  async start(): Promise<void> {
    const bridge = await this.#loadBridge()
    const sockets = socketsOfManager()
    if (sockets > 0)
      this.log.info('server', `serves on ${count(sockets, 'socket')} that the service manager has opened`)
    const path = await this.#hub.listen().catch((error: Error) => {
      throw new StartError(
        `there is no place for the sockets over which the workers talk to each other: ${error.message}\n` +
          'They go to the folder that XDG_RUNTIME_DIR names, else to a folder of this user in that for temporary files',
      )
    })
    await bridge?.start()
    this.#bridge = bridge
    try {
      this.#cluster = await startCluster({
        exec: fileURLToPath(new URL('worker.js', import.meta.url)),
        args: process.argv.slice(2),
        env: { [HUB_VARIABLE]: path },
        workers: this.#options.workers,
        readyOn: 'call',
        drainTimeoutMs: this.#options.drainSeconds * 1000,
        health: { deadlineMs: 30_000 },
      })
    } catch (error) {
      await this.#bridge?.close()
      this.#hub.close()
      throw this.#failure === null ? error : new StartError(this.#failure)
    }
    this.#follow(this.#cluster)
  }

  async status(): Promise<Status> {
    const { workers, generation, policy, transport } = this.#running.status()
    const reports = await this.#hub.askAll('report', null)
    const views = workers.map(({ connections: _, ...worker }): WorkerView => {
      const { clients = 0, subscribers = 0 } = reports.get(worker.id) ?? {}
      return { ...worker, clients, subscribers }
    })
    return {
      generation,
      policy,
      transport,
      pid: process.pid,
      uptimeMs: Date.now() - this.#startedMs,
      places: this.#places,
      clients: views.reduce((sum, { clients }) => sum + clients, 0),
      subscribers: views.reduce((sum, { subscribers }) => sum + subscribers, 0),
      counts: sum([...reports.values()].map(({ counts }) => counts)),
      busiest: busiest([...reports.values()]),
      reloads: this.#reloads,
      workers: views,
      bus: this.#bridge?.status ?? null,
    }
  }

  /** What the cluster counts, for Prometheus. */
  get clusterMetrics(): Registry {
    this.#metrics ??= clusterMetrics(this.#running)
    return this.#metrics
  }

  /** Publishes a message; resolves with the number of its receivers. */
  async publish(channel: string, text: string): Promise<number> {
    for (const { id, state } of this.#running.status().workers) {
      if (state !== 'ready') continue
      const receivers = await this.#hub.ask(id, 'publish', { channel, text })
      if (receivers !== null) return receivers
    }
    throw new Error('no worker is ready')
  }

  /** Somebody looks, or nobody does any more. */
  watch(isWatched: boolean): void {
    this.#isWatched = isWatched
    void this.#hub.askAll('watch', isWatched)
  }

  async clientCount(): Promise<number> {
    const reports = await this.#hub.askAll('report', null)
    return [...reports.values()].reduce((sum, { clients }) => sum + clients, 0)
  }

  /** Whether there is a worker that serves. */
  get isServing(): boolean {
    return this.workers.some(({ state }) => state === 'ready')
  }

  /** The workers as they are now. */
  get workers(): readonly WorkerStatus[] {
    return this.#running.status().workers
  }

  /** Replaces every worker; resolves with a line for people. */
  reload(): Promise<string> {
    return this.operations.run('reload', 'reload the workers', () => this.#reload())
  }

  /** Changes the number of workers; resolves with a line for people. */
  scale(workers: number): Promise<string> {
    return this.operations.run('scale', `change to ${count(workers, 'worker')}`, () => this.#scale(workers))
  }

  /** Kills a worker, as a crash would; resolves with a line for people when another serves in its place. */
  kill(worker: number): Promise<string> {
    return this.operations.run('kill', `kill worker ${worker}`, () => this.#kill(worker))
  }

  async #reload(): Promise<string> {
    this.log.info('server', 'reloading: new workers start, then the old ones hand over their clients')
    this.#left = { moved: 0, ended: 0 }
    this.#failure = null
    try {
      const { replaced } = await this.#running.reload()
      this.#reloads++
      return this.#told(`reloaded: ${count(replaced, 'worker')} replaced, ${this.#moved()}`)
    } catch (error) {
      this.log.error('server', `not reloaded: ${this.#failure ?? (error as Error).message}`)
      throw error
    }
  }

  async #scale(workers: number): Promise<string> {
    this.log.info('server', `scaling to ${count(workers, 'worker')}`)
    this.#left = { moved: 0, ended: 0 }
    await this.#running.scale(workers)
    this.#wanted = workers
    return this.#told(`scaled to ${count(workers, 'worker')}, ${this.#moved()}`)
  }

  async #kill(worker: number): Promise<string> {
    const clients = (await this.#hub.ask(worker, 'report', null))?.clients ?? 0
    const victim = this.workers.find(({ id }) => id === worker)
    if (victim?.pid === undefined || victim.state !== 'ready')
      throw new Error(`worker ${worker} does not serve`)
    this.log.warn('server', `killing worker ${worker} (process ${victim.pid})`)
    const isWanted = () => victim.place < this.#wanted
    const successor = successorOf(victim, this.#running, this.operations, isWanted)
    this.#killed.add(worker)
    process.kill(victim.pid, 'SIGKILL')
    const id = await successor
    const end = `worker ${worker} killed: ${count(clients, 'client')} disconnected`
    return this.#told(
      id === null ? `${end}; no other takes its place` : `${end}; worker ${id} takes its place`,
    )
  }

  /** Has health checks told that the program is about to stop; it serves on. */
  async announceDrain(): Promise<void> {
    this.#isDraining = true
    await this.#hub.askAll('notice', null)
  }

  /** Stops accepting, ends each client once its replies are out, and then the workers. */
  async drain(): Promise<void> {
    this.#isStopping = true
    await this.#hub.askAll('stop', null)
    await this.#running.drain(STOP_MS)
    await this.#bridge?.close()
    this.#hub.close()
  }

  /** Ends what `drain` waits for, at once. */
  async hurry(): Promise<void> {
    await this.#hub.askAll('hurry', null)
  }

  /** Loads what a broker alone does not need. Before all else: on Node 20.20 a module that is loaded after fstat(2) misses its own. */
  async #loadBridge(): Promise<Bridge | null> {
    const { bus, busGroup, busLimitBytes, maxRequestBytes } = this.#options
    if (bus === null) return null
    const [{ Bridge }, { NatsBus }, { newBusId }] = await Promise.all([
      import('../bus/bridge'),
      import('../bus/nats-bus'),
      import('../bus/other-brokers'),
    ])
    const id = newBusId()
    return new Bridge(new NatsBus(bus, busGroup, id), { id, busLimitBytes, maxRequestBytes, log: this.log })
  }

  get #running(): Cluster {
    if (this.#cluster === null) throw new Error('not started')
    return this.#cluster
  }

  /** Workers that serve, and that no reload or scaling has asked to leave. */
  #staying(): readonly number[] {
    const { workers } = this.#running.status()
    return workers.filter(({ state }) => state === 'ready').map(({ id }) => id)
  }

  #moved(): string {
    const { moved, ended } = this.#left
    return `${count(moved, 'client')} moved${ended > 0 ? `, ${ended} ended` : ''}`
  }

  #told(line: string): string {
    this.log.info('server', line)
    return line
  }

  #clear(path: string): Promise<null> {
    // Once: afterwards it is our own.
    const known = this.#cleared.get(path)
    if (known !== undefined) return known
    const cleared = clearStalePath(path).then(() => null)
    this.#cleared.set(path, cleared)
    return cleared
  }

  #follow(cluster: Cluster): void {
    const tellReady = (id: number) => {
      const pid = this.#hub.peers.find(peer => peer.id === id)?.pid
      this.log.info(`worker ${id}`, `ready (process ${pid})`)
    }
    for (const { id } of cluster.status().workers) tellReady(id)
    cluster.on('worker:ready', tellReady)
    cluster.on('worker:exit', ({ id, code, signal, isExpected }) => {
      this.#hub.forget(id)
      if (isExpected || this.#isStopping) this.log.info(`worker ${id}`, 'ended')
      else {
        const how = `died (${signal ?? `exit code ${code}`})`
        this.log.error(`worker ${id}`, how)
        if (!this.#killed.delete(id)) this.emit('line', `worker ${id} ${how}`)
      }
    })
    cluster.on('restart', ({ delayMs }) => {
      this.log.warn('server', `another worker starts in ${delayMs} ms`)
    })
    cluster.on('unhealthy', (id: number) => this.log.error(`worker ${id}`, 'does not answer: killed'))
    cluster.on('give-up', ({ failures }) => {
      this.log.error('server', `${failures} workers died in a short time: no more are started. See above why`)
    })
  }

  /** Two workers that do not hear each other must not both serve: messages of one would miss clients of the other. */
  #onLost(worker: number, other: number, why: string): null {
    setTimeout(() => {
      const status = this.#running.status().workers
      // The bridge is here: it is the worker that has lost it.
      const lost = status.find(({ id }) => id === (other === BRIDGE ? worker : other))
      const isHeard = status.some(({ id }) => id === worker)
      if (lost?.pid === undefined || !isHeard || lost.state === 'gone' || this.#isStopping) return
      const whom =
        other === BRIDGE ? 'it has lost its link to the bridge' : `worker ${worker} has lost its link to it`
      this.log.error(`worker ${lost.id}`, `killed: ${whom} (${why})`)
      process.kill(lost.pid, 'SIGKILL')
    }, FENCE_MS).unref()
    return null
  }
}

/** The sums of all workers, the most first. */
function busiest(reports: readonly WorkerReport[]): Status['busiest'] {
  const sums = new Map<string, number>()
  for (const report of reports) {
    for (const [network, clients] of report.busiest) sums.set(network, (sums.get(network) ?? 0) + clients)
  }
  const most = [...sums].sort(([, a], [, b]) => b - a).slice(0, BUSIEST)
  return most.map(([network, clients]) => ({ network, clients }))
}
