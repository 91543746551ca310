// A cluster's status as Prometheus metrics. The text and its registry are prom-client's; this knows only which figure is
// called what. An entry of its own, so that who does not use it needs no prom-client.
import { Counter, Gauge, Registry } from 'prom-client'
import type { Cluster, WorkerStatus } from './index'

/** Options of `clusterMetrics`. */
export interface ClusterMetricsOptions {
  /** Where the metrics are registered. Default: a registry of their own. */
  readonly register?: Registry
  /** What each name begins with. Default: `x_cluster_`. */
  readonly prefix?: string
}

type Figure = (worker: WorkerStatus) => number

const gauges: readonly (readonly [name: string, help: string, figure: Figure])[] = [
  ['connections', 'Open connections of a worker, as it told last', worker => worker.connections],
  ['under_way', 'Connections sent to a worker that it has not confirmed', worker => worker.underWay],
  [
    'event_loop_lag_seconds',
    '99th percentile of how late a worker runs its event loop',
    worker => worker.lagMs / 1000,
  ],
  ['resident_memory_bytes', 'Resident memory of a worker', worker => worker.memory],
  ['uptime_seconds', 'How long a worker has been running', worker => worker.uptimeMs / 1000],
]

/**
 * Metrics of a cluster, read off `cluster.status()` whenever they are asked for. For each worker (label `worker`, its id):
 * `connections`, `under_way`, `event_loop_lag_seconds`, `resident_memory_bytes`, `uptime_seconds`, and the counter
 * `accepted_total`; for each place (label `place`) the counter `restarts_total`; for the cluster `workers` by `state`, and
 * `generation`. `await registry.metrics()` gives the text, `registry.contentType` its type
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). Needs `prom-client` installed. Throws its error where a
 * name is registered there already: give the second cluster a `prefix` or a registry of its own.
 */
export function clusterMetrics(cluster: Cluster, options: ClusterMetricsOptions = {}): Registry {
  const { register = new Registry(), prefix = 'x_cluster_' } = options
  const registers = [register]
  const workers = () => cluster.status().workers
  for (const [name, help, figure] of gauges) {
    new Gauge({
      name: prefix + name,
      help,
      labelNames: ['worker'],
      registers,
      collect() {
        this.reset()
        for (const worker of workers()) this.set({ worker: worker.id }, figure(worker))
      },
    })
  }
  new Counter({
    name: `${prefix}accepted_total`,
    help: 'Connections that were handed to a worker and that it took',
    labelNames: ['worker'],
    registers,
    collect() {
      this.reset()
      for (const worker of workers()) this.inc({ worker: worker.id }, worker.accepted)
    },
  })
  new Counter({
    name: `${prefix}restarts_total`,
    help: 'Workers that fell and were replaced',
    labelNames: ['place'],
    registers,
    collect() {
      this.reset()
      const restarts = new Map(workers().map(worker => [worker.place, worker.restarts]))
      for (const [place, count] of restarts) this.inc({ place }, count)
    },
  })
  new Gauge({
    name: `${prefix}workers`,
    help: 'Workers by what they are doing',
    labelNames: ['state'],
    registers,
    collect() {
      this.reset()
      for (const worker of workers()) this.inc({ state: worker.state })
    },
  })
  new Gauge({
    name: `${prefix}generation`,
    help: 'Generations of workers so far; a reload begins a new one',
    registers,
    collect() {
      this.set(cluster.status().generation)
    },
  })
  return register
}
