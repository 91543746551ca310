// What INFO counts. It knows no more than the numbers.

const NAMES = [
  'connectionsReceived',
  'connectionsRejected',
  'commandsProcessed',
  'errorReplies',
  'protocolErrors',
  'messagesPublished',
  'messagesDelivered',
  'slowSubscribersDropped',
  'clientsMovedIn',
  'clientsMovedOut',
] as const

export type Counts = Readonly<Record<(typeof NAMES)[number], number>>

/** The numbers of one worker, and what it was left by workers before it. */
export class Statistics implements Counts {
  connectionsReceived = 0
  connectionsRejected = 0
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

  /** CONFIG RESETSTAT. */
  reset(): void {
    for (const name of NAMES) this[name] = 0
  }

  add(counts: Counts): void {
    for (const name of NAMES) this[name] += counts[name]
  }

  get counts(): Counts {
    return Object.fromEntries(NAMES.map(name => [name, this[name]])) as Counts
  }
}

/** The numbers of all together. */
export function sum(all: readonly Counts[]): Counts {
  const total = new Statistics()
  for (const counts of all) total.add(counts)
  return total.counts
}
