// The broker's numbers as Prometheus text (https://prometheus.io/docs/instrumenting/exposition_formats/).
import { Counter, Gauge, Registry } from 'prom-client'
import type { Counts } from '../client/statistics'
import type { Status, WorkerView } from '../primary/supervisor'

const COUNTERS: readonly (readonly [name: string, help: string, of: keyof Counts])[] = [
  ['demo_connections_received_total', 'Clients that came.', 'connectionsReceived'],
  ['demo_connections_rejected_total', 'Clients beyond --max-clients.', 'connectionsRejected'],
  ['demo_commands_processed_total', 'Requests that were carried out.', 'commandsProcessed'],
  ['demo_error_replies_total', 'Replies that were errors.', 'errorReplies'],
  ['demo_messages_published_total', 'Messages that clients published.', 'messagesPublished'],
  ['demo_messages_delivered_total', 'Messages to subscribers, one for each.', 'messagesDelivered'],
  ['demo_slow_subscribers_dropped_total', 'Subscribers that did not read.', 'slowSubscribersDropped'],
  ['demo_clients_moved_total', 'Clients that were moved to another worker.', 'clientsMovedIn'],
]

const WORKER_GAUGES: readonly (readonly [name: string, help: string, of: (worker: WorkerView) => number])[] =
  [
    ['demo_worker_clients', 'Clients of a worker.', worker => worker.clients],
    ['demo_worker_memory_bytes', 'Resident memory of a worker.', worker => worker.memory],
    [
      'demo_worker_lag_seconds',
      'How late the loop of a worker ran, 99th percentile.',
      worker => worker.lagMs / 1000,
    ],
  ]

export interface Metrics {
  readonly contentType: string
  readonly text: string
}

export async function metricsOf(status: Status): Promise<Metrics> {
  const registry = new Registry()
  const registers = [registry]
  for (const [name, help, of] of COUNTERS) new Counter({ name, help, registers }).inc(status.counts[of])
  new Counter({ name: 'demo_reloads_total', help: 'Reloads.', registers }).inc(status.reloads)
  new Gauge({ name: 'demo_workers', help: 'Workers.', registers }).set(status.workers.length)
  new Gauge({ name: 'demo_clients', help: 'Clients that are connected.', registers }).set(status.clients)
  new Gauge({ name: 'demo_subscribers', help: 'Clients that have a subscription.', registers }).set(
    status.subscribers,
  )
  for (const [name, help, of] of WORKER_GAUGES) {
    const gauge = new Gauge({ name, help, labelNames: ['worker'], registers })
    for (const worker of status.workers) gauge.set({ worker: String(worker.id) }, of(worker))
  }
  return { contentType: registry.contentType, text: await registry.metrics() }
}
