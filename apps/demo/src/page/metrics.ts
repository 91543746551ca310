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

export interface Metrics {
  readonly contentType: string
  readonly text: string
}

/** The broker's own numbers, and those that `cluster` tells of its workers. */
export async function metricsOf(status: Status, cluster: Registry): Promise<Metrics> {
  const broker = new Registry()
  const registers = [broker]
  for (const [name, help, of] of COUNTERS) new Counter({ name, help, registers }).inc(status.counts[of])
  new Counter({ name: 'demo_reloads_total', help: 'Reloads.', registers }).inc(status.reloads)
  const perWorker = (name: string, help: string, of: (worker: WorkerView) => number) => {
    const gauge = new Gauge({ name, help, labelNames: ['worker'], registers })
    for (const worker of status.workers) gauge.set({ worker: worker.id }, of(worker))
  }
  perWorker('demo_clients', 'Clients of a worker.', worker => worker.clients)
  perWorker('demo_subscribers', 'Clients of a worker that have a subscription.', worker => worker.subscribers)
  const all = Registry.merge([broker, cluster])
  return { contentType: all.contentType, text: await all.metrics() }
}
