// The status as a table for people.

import { type BusStatus, describeLosses } from '../bus/bus-report'
import { formatByteSize } from '../byte-size'
import { count, grouped } from '../count'
import type { Status } from '../primary/supervisor'

export function describeStatus(status: Status): string {
  const { counts, places, workers } = status
  const listening = [places.port === null ? null : `port ${places.port}`, places.path].filter(Boolean)
  const rows = workers.map(worker => [
    String(worker.id),
    String(worker.pid),
    worker.state,
    String(worker.clients),
    String(worker.subscribers),
    formatByteSize(worker.memory),
    `${worker.lagMs} ms`,
    formatDuration(worker.uptimeMs),
  ])
  return [
    `process ${status.pid}, up ${formatDuration(status.uptimeMs)}, ${status.transport} transport, on ${listening.join(' and ')}`,
    `${count(status.clients, 'client')}, ${status.subscribers} of them subscribers; ${count(counts.messagesPublished, 'message')} published, ${counts.messagesDelivered} delivered`,
    `${count(status.reloads, 'reload')}, ${count(counts.clientsMovedIn, 'client')} moved`,
    ...edgeLines(status),
    ...(status.bus === null ? [] : busLines(status.bus)),
    '',
    ...table(['worker', 'process', 'state', 'clients', 'subscribers', 'memory', 'lag', 'up'], rows),
  ].join('\n')
}

function edgeLines({ busiest, counts }: Status): string[] {
  const addresses = busiest.map(({ network, clients }) => `${network} (${clients})`)
  const drops = Object.entries(counts.drops).map(([reason, count]) => `${count} ${reason}`)
  return [
    ...(addresses.length === 0 ? [] : [`most clients: ${addresses.join(', ')}`]),
    ...(drops.length === 0 ? [] : [`connections dropped: ${drops.join(', ')}`]),
  ]
}

function busLines(bus: BusStatus): string[] {
  const forSeconds = formatDuration(Date.now() - bus.sinceMs)
  const names = bus.brokers.map(({ id, name }) => name || id)
  const standing = bus.isConnected
    ? `connected to ${bus.server} for ${forSeconds}, with ${count(names.length, 'other broker')}${names.length > 0 ? `: ${names.join(', ')}` : ''}`
    : `not connected to ${bus.server} for ${forSeconds}: ${bus.problem ?? 'connecting'}`
  const losses = describeLosses(bus)
  return [
    `bus: ${standing}`,
    `bus: ${count(bus.sent, 'message')} sent, ${grouped(bus.received)} received; ${formatByteSize(bus.waitingBytes)} wait`,
    ...(losses.length === 0 ? [] : [`bus: lost: ${losses.join(', ')}`]),
  ]
}

/** 4 s, 3 min, 2 h, 5 d. */
export function formatDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map(row => row[column]!.length)))
  return [head, ...rows].map(row => row.map((cell, column) => cell.padStart(widths[column]!)).join('  '))
}
