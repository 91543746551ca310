// The check of one scope: what it left open is an error, by name and place. It knows what is open from the monitor, and not
// who asks.
import { quietly } from '../errors'
import { hostNowMs, hostSleep, hostTurn } from '../host'
import { shorten, showAt } from '../stacks/opening-place'
import { monitor, runInNoScope, runInScope } from './leak-monitor'
import type { LeakScope, OpenHandle } from './leak-scope'

/** The resources that a test left open. */
export class LeakError extends Error {
  declare readonly leaks: readonly OpenHandle[]

  constructor(leaks: readonly OpenHandle[]) {
    super(`${leaks.length} left open:\n${grouped(leaks).join('\n')}`)
    quietly<LeakError>(this, { name: 'LeakError', leaks })
    // The place of the check is of no use to anybody.
    this.stack = `LeakError: ${this.message}`
    showAt(this, leaks[0]?.openedAt.filter(frame => !frame.startsWith('(')) ?? [])
  }
}

/** Equal lines once, with their number. */
function grouped(leaks: readonly OpenHandle[]): string[] {
  const counts = new Map<string, number>()
  for (const { what, openedAt, doubt } of leaks) {
    const [inner, outer] = openedAt
    const lines = [what, `  opened at ${shorten(inner ?? '')}`]
    if (outer !== undefined) lines.push(`  called from ${shorten(outer)}`)
    if (doubt !== null) lines.push(`  ${doubt}`)
    const text = lines.map(line => `  ${line}`).join('\n')
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  return [...counts].map(([text, count]) => (count > 1 ? `${text}\n    ${count} times` : text))
}

/** How long what is being closed may take, in milliseconds and in turns of the loop: both, for a machine that is busy. */
const GRACE_MS = 250
const GRACE_TURNS = 25
/** How long operations under way may take to open what they open. */
const REQUESTS_MS = 1000
/** Turns of the loop in which nothing is opened, after which nothing more is expected. */
const QUIET_TURNS = 4
const PAUSE_MS = 5

/** Runs a body within a scope, and checks and ends the scope after it. */
export async function checked<T>(scope: LeakScope, body: () => Promise<T> | T): Promise<T> {
  try {
    const value = await runInScope(scope, async () => body())
    await check(scope)
    return value
  } finally {
    monitor.end(scope)
  }
}

/** Waits until nothing is open, under way, or new. Rejects with a `LeakError`. */
export function check(scope: LeakScope): Promise<void> {
  return runInNoScope(() => waitForEnd(scope))
}

async function waitForEnd(scope: LeakScope): Promise<void> {
  const beganAt = hostNowMs()
  let turns = 0
  for (let quietTurns = 0; quietTurns < QUIET_TURNS; ) {
    const leaks = monitor.leaksOf(scope)
    const waitedMs = hostNowMs() - beganAt
    const { changes } = scope
    if (leaks.length > 0) {
      if (waitedMs > GRACE_MS && turns > GRACE_TURNS) throw new LeakError(leaks)
      await hostSleep(PAUSE_MS)
    } else if (monitor.hasRequests(scope) && waitedMs < REQUESTS_MS) await hostSleep(PAUSE_MS)
    else if (waitedMs > REQUESTS_MS) {
      const requests = monitor.requestsOf(scope)
      if (requests.length > 0) throw new LeakError(requests)
      return
    } else {
      await hostTurn()
      if (changes === scope.changes) quietTurns++
      else quietTurns = 0
    }
    turns++
  }
}
