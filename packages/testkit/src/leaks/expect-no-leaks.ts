// The leak check: what a test left open fails it, by name and place. It knows what is open from the monitor.
import { quietly } from '../errors'
import { hostNowMs, hostSleep, hostTurn } from '../host'
import { shorten } from '../stacks/opening-place'
import { monitor, runInNoScope, runInScope } from './leak-monitor'
import type { LeakScope, OpenHandle } from './leak-scope'

/** The resources that a test left open. */
export class LeakError extends Error {
  declare readonly leaks: readonly OpenHandle[]

  constructor(leaks: readonly OpenHandle[]) {
    super(`${leaks.length} left open:\n${grouped(leaks).join('\n')}`)
    quietly<LeakError>(this, { name: 'LeakError', leaks })
    // Runners show the code of a stack's first line: that which opened it, not the check.
    const frames = leaks[0]?.openedAt.filter(frame => !frame.startsWith('(')) ?? []
    this.stack = [`LeakError: ${this.message}`, ...frames.map(frame => `    at ${frame}`)].join('\n')
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

/**
 * Runs a body and rejects with a `LeakError` if it left something open: a server, socket, timer, child process, watcher,
 * worker, message port or `FileHandle`. Each is named, with the line that opened it. The check waits until nothing new
 * is opened and no lookup or file operation is under way; one that still is after a second is named, too. What is closing gets
 * 250 ms. What a server of before the check accepts is that server's.
 *
 * Checks may run at once: each has what was opened in its own async context. What has none of theirs belongs to the only check
 * that runs, or to the last of several, and the error says so. Timers, sockets and child processes that
 * are `unref`'d are no leaks; files that were opened by number (`fs.open`, streams of files) are not seen.
 *
 * @example
 * await expectNoLeaks(async () => {
 *   const server = createServer().listen(0)
 *   server.close()
 * })
 */
export function expectNoLeaks<T>(body: () => Promise<T> | T): Promise<T> {
  return checked(monitor.beginWithin('a check'), body)
}

async function checked<T>(scope: LeakScope, body: () => Promise<T> | T): Promise<T> {
  try {
    const value = await runInScope(scope, async () => body())
    await runInNoScope(() => check(scope))
    return value
  } finally {
    monitor.end(scope)
  }
}

/**
 * The hooks of a test runner: `aroundEach` of vitest 4.1 and later, or the pair that vitest, `node:test` and jest have. A
 * hook may be given the runner's context of the test: the same object before and after it.
 */
export type RunnerHooks =
  | { aroundEach(hook: (runTest: () => Promise<unknown>) => Promise<void>): unknown }
  | {
      beforeEach(hook: (context?: unknown) => void): unknown
      afterEach(hook: (context?: unknown) => Promise<void>): unknown
    }

/** The checks that `beforeEach` began and `afterEach` ends, by test. */
const begun = new Map<unknown, LeakScope>()

/**
 * Makes every test of a file fail that leaves something open, as `expectNoLeaks` has it. With `aroundEach` tests that run
 * at once are told apart by their async contexts. With `beforeEach` and `afterEach` they cannot be: what is left open is
 * then told by the last of them to end, with the names of all that ran.
 *
 * @example
 * import { aroundEach } from 'vitest'
 * failOnLeaks({ aroundEach })
 * @example
 * import { afterEach, beforeEach } from 'node:test'
 * failOnLeaks({ beforeEach, afterEach })
 */
export function failOnLeaks(hooks: RunnerHooks): void {
  if ('aroundEach' in hooks) {
    hooks.aroundEach(async runTest => {
      await checked(monitor.begin('a test'), runTest)
    })
    return
  }
  // These hooks declare no parameters: jest would take one for a callback, vitest for a list of fixtures.
  hooks.beforeEach(function before() {
    // biome-ignore lint/complexity/noArguments: see above
    const { key, name } = testOf(arguments[0])
    // A file and a suite of it may both ask: one check is enough. What a test of jest left behind has no key.
    const left = begun.get(key)
    if (left && key !== null) return
    if (left) monitor.end(left)
    begun.set(key, monitor.begin(name, aroundOf(name)))
  })
  hooks.afterEach(async function after() {
    // biome-ignore lint/complexity/noArguments: see above
    const { key } = testOf(arguments[0])
    const scope = begun.get(key)
    begun.delete(key)
    if (!scope) return
    try {
      await runInNoScope(() => check(scope))
    } finally {
      monitor.end(scope)
    }
  })
}

/** The check of the test that a test is part of: node:test names a test of a test after it. */
function aroundOf(name: string): LeakScope | null {
  const around = [...begun.values()].filter(scope => name.startsWith(`${scope.name} > `))
  return around.sort((one, other) => other.name.length - one.name.length)[0] ?? null
}

/** What a runner's context says about its test. */
function testOf(context: unknown): { key: unknown; name: string } {
  if (typeof context !== 'object' || context === null) return { key: null, name: 'a test' }
  const { task, fullName, name } = context as { task?: { name?: string }; fullName?: string; name?: string }
  return { key: task ?? context, name: task?.name ?? fullName ?? name ?? 'a test' }
}

async function check(scope: LeakScope): Promise<void> {
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
