// The broker's numbers as Prometheus text (https://prometheus.io/docs/instrumenting/exposition_formats/).
import { Counter, Gauge, Registry } from 'prom-client'
import type { BusStatus } from '../bus/bus-report'
import type { Counts } from '../client/statistics'
import type { Status, WorkerView } from '../primary/supervisor'

const COUNTERS: readonly (readonly [name: string, help: string, of: keyof Omit<Counts, 'drops'>])[] = [
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
  const drops = new Counter({
    name: 'demo_connections_dropped_total',
    help: 'Connections dropped by the limits, by reason.',
    labelNames: ['reason'],
    registers,
  })
  for (const [reason, count] of Object.entries(status.counts.drops)) drops.inc({ reason }, count)
  if (status.bus !== null) busMetrics(status.bus, registers)
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

/** The connection to the brokers on other machines. */
function busMetrics(bus: BusStatus, registers: Registry[]): void {
  const gauge = (name: string, help: string, value: number) => new Gauge({ name, help, registers }).set(value)
  const counter = (name: string, help: string, value: number) =>
    new Counter({ name, help, registers }).inc(value)
  gauge('demo_bus_connected', 'Whether the bus is connected.', bus.isConnected ? 1 : 0)
  gauge('demo_bus_brokers', 'Other brokers that are there.', bus.brokers.length)
  gauge('demo_bus_waiting_bytes', 'What waits to be sent to other brokers.', bus.waitingBytes)
  counter('demo_bus_connections_total', 'How often the bus was connected.', bus.connections)
  counter('demo_bus_sent_total', 'Messages that went to other brokers.', bus.sent)
  counter('demo_bus_received_total', 'Messages that came from other brokers.', bus.received)
  counter(
    'demo_bus_missed_total',
    'Messages of other brokers that did not come.',
    bus.missed + bus.notDelivered,
  )
  const notSent = new Counter({
    name: 'demo_bus_not_sent_total',
    help: 'Messages that were not sent to other brokers, by reason.',
    labelNames: ['reason'],
    registers,
  })
  for (const [reason, count] of Object.entries(bus.notSent)) notSent.inc({ reason }, count)
}
