// What INFO counts. It knows no more than the numbers.

const NAMES = [
  'connectionsReceived',
  'connectionsRejected',
  'healthChecks',
  'commandsProcessed',
  'errorReplies',
  'protocolErrors',
  'messagesPublished',
  'messagesDelivered',
  'slowSubscribersDropped',
  'clientsMovedIn',
  'clientsMovedOut',
] as const

export interface Counts extends Readonly<Record<(typeof NAMES)[number], number>> {
  /** Connections that were dropped before they were clients, or since they were silent, by reason. */
  readonly drops: Readonly<Record<string, number>>
}

/** The numbers of one worker, and what it was left by workers before it. */
export class Statistics implements Counts {
  connectionsReceived = 0
  connectionsRejected = 0
  /** Those of them that asked for HEALTH. */
  healthChecks = 0
  commandsProcessed = 0
  errorReplies = 0
  protocolErrors = 0
  messagesPublished = 0
  messagesDelivered = 0
  /** Subscribers dropped because too much waited for them. */
  slowSubscribersDropped = 0
  /** Clients that came from a worker that was drained, and that went to another. */
  clientsMovedIn = 0
  clientsMovedOut = 0
  drops: Record<string, number> = {}

  /** CONFIG RESETSTAT. */
  reset(): void {
    for (const name of NAMES) this[name] = 0
    this.drops = {}
  }

  /** A connection was dropped, for a reason of `@x/core`'s or `address-limit`. */
  dropped(reason: string, count = 1): void {
    this.drops[reason] = (this.drops[reason] ?? 0) + count
  }

  add(counts: Counts): void {
    for (const name of NAMES) this[name] += counts[name]
    for (const [reason, count] of Object.entries(counts.drops)) this.dropped(reason, count)
  }

  get counts(): Counts {
    const numbers = Object.fromEntries(NAMES.map(name => [name, this[name]])) as Omit<Counts, 'drops'>
    return { ...numbers, drops: { ...this.drops } }
  }
}

/** The numbers of all together. */
export function sum(all: readonly Counts[]): Counts {
  const total = new Statistics()
  for (const counts of all) total.add(counts)
  return total.counts
}
