// The signals that terminals and service managers send to a whole process group, and that a worker may leave to its primary.
import { constants } from 'node:os'

const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export type GroupSignal = (typeof names)[number]

const ignore = (): void => {}

/** Which of them a name or number means; null for all other signals. */
export function groupSignal(signal: NodeJS.Signals | number): GroupSignal | null {
  return names.find(name => name === signal || constants.signals[name] === signal) ?? null
}

/** From now on they do nothing here, unless the program listens to them. */
export function leaveGroupSignals(): void {
  for (const name of names) process.on(name, ignore)
}

/** One or all of them do again what they do in any process. */
export function heedGroupSignals(wanted: readonly GroupSignal[] = names): void {
  for (const name of wanted) process.off(name, ignore)
}
