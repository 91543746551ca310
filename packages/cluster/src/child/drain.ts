// How a worker leaves without losing a connection: closes its servers, tells keep-alive HTTP to end, waits for what is
// open, and at the deadline goes all the same.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { ControlEndpoint } from '../control/endpoint'
import type { FromWorker, ToWorker, WorkerLoadReport } from '../control/messages'
import type { DrainTask } from '../worker'
import type { ClusterSource } from './source'

/** How often idle keep-alive connections are looked for while draining. */
const IDLE_SWEEP_MS = 50

/** What of node:http's Server a drain uses (https://nodejs.org/api/http.html#serverclosidleconnections). */
export interface HttpLike {
  closeIdleConnections(): void
  prependListener(event: 'request', listener: (request: unknown, response: ResponseLike) => void): unknown
}

interface ResponseLike {
  readonly headersSent: boolean
  setHeader(name: string, value: string): unknown
}

export class Drain {
  readonly #source: ClusterSource
  readonly #control: ControlEndpoint<FromWorker, ToWorker>
  readonly #tasks: DrainTask[] = []
  #timer: NodeJS.Timeout | null = null
  #before = 0
  #isUnderWay = false

  constructor(source: ClusterSource, control: ControlEndpoint<FromWorker, ToWorker>) {
    this.#source = source
    this.#control = control
  }

  /** Something more to be done before the worker may leave. */
  add(task: DrainTask): void {
    this.#tasks.push(task)
  }

  /** Starts to drain; where that is under way already, only the deadline moves. */
  start(deadlineMs: number): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#finish(), deadlineMs)
    if (this.#isUnderWay) return
    this.#isUnderWay = true
    this.#before = this.#source.connections()
    const https = this.#source.httpServers()
    for (const server of https) {
      server.prependListener('request', (_request, response) => {
        if (!response.headersSent) response.setHeader('Connection', 'close')
      })
    }
    const sweep = setInterval(() => {
      for (const server of https) server.closeIdleConnections()
    }, IDLE_SWEEP_MS)
    sweep.unref()
    const closed = new Promise<void>(resolve => this.#source.closeAll(resolve))
    const tasks = this.#tasks.map(async task => task(deadlineMs))
    void Promise.allSettled([closed, ...tasks]).then(() => this.#finish())
  }

  #finish(): void {
    if (this.#timer) clearTimeout(this.#timer)
    const forced = this.#source.connections()
    const ended = Math.max(0, this.#before - forced)
    const isSent = this.#control.request({ act: 'drained', ended, forced }, () => process.exit(0))
    if (!isSent) process.exit(0)
  }
}

/** Memory and lateness of this worker, each time it is asked. */
export function loadReporter(): () => WorkerLoadReport {
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  return () => {
    const lagMs = Math.max(0, delay.percentile(99) / 1e6 - 10)
    delay.reset()
    return {
      memory: process.memoryUsage.rss(),
      lagMs: Number.isFinite(lagMs) ? Math.round(lagMs * 10) / 10 : 0,
    }
  }
}
