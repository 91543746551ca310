// The status as a table for people.
import { formatByteSize } from '../byte-size'
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
    `${status.clients} client(s), ${status.subscribers} of them subscribers; ${counts.messagesPublished} message(s) published, ${counts.messagesDelivered} delivered`,
    `${status.reloads} reload(s), ${counts.clientsMovedIn} client(s) moved`,
    '',
    ...table(['worker', 'process', 'state', 'clients', 'subscribers', 'memory', 'lag', 'up'], rows),
  ].join('\n')
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
