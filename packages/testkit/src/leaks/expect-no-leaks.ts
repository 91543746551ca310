// The leak check: what a test left open fails it, by name and place. It knows what is open from the watch.
import { HandleWatch, type OpenHandle } from './open-handles'

/** What a test left open. */
export class LeakError extends Error {
  override readonly name = 'LeakError'
  readonly leaks: readonly OpenHandle[]

  constructor(leaks: readonly OpenHandle[]) {
    const lines = leaks.map(leak => `  ${leak.what}\n    opened at ${leak.openedAt[0]}`)
    super(`${leaks.length} left open:\n${lines.join('\n')}`)
    this.leaks = leaks
  }
}

/** How long what is being closed may take; a check that finds nothing open does not wait. */
const GRACE_MS = 250

const realTimeout = setTimeout

/**
 * Runs a body and rejects with a `LeakError` if it left a server, socket, timer, child process, watcher or worker open
 * that it opened: each is named, with the line that opened it. What is closing already gets 250 ms.
 *
 * @example
 * await expectNoLeaks(async () => {
 *   const server = createServer().listen(0)
 *   server.close()
 * })
 */
export async function expectNoLeaks<T>(body: () => Promise<T> | T): Promise<T> {
  const watch = new HandleWatch()
  try {
    const value = await body()
    await check(watch)
    return value
  } finally {
    watch.stop()
  }
}

/** The hooks of a test runner; vitest's and node:test's have this form. */
export interface RunnerHooks {
  beforeEach(hook: () => void): unknown
  afterEach(hook: () => Promise<void>): unknown
}

/**
 * Makes every test of a file fail that leaves something open, as `expectNoLeaks` has it.
 *
 * @example
 * import { afterEach, beforeEach } from 'vitest'
 * failOnLeaks({ beforeEach, afterEach })
 */
export function failOnLeaks({ beforeEach, afterEach }: RunnerHooks): void {
  let watch: HandleWatch | null = null
  beforeEach(() => {
    watch = new HandleWatch()
  })
  afterEach(async () => {
    const own = watch
    watch = null
    if (!own) return
    try {
      await check(own)
    } finally {
      own.stop()
    }
  })
}

async function check(watch: HandleWatch): Promise<void> {
  const deadline = process.hrtime.bigint() + BigInt(GRACE_MS) * 1_000_000n
  for (let leaks = watch.open(); leaks.length > 0; leaks = watch.open()) {
    if (process.hrtime.bigint() > deadline) throw new LeakError(leaks)
    await new Promise(resolve => realTimeout(resolve, 5))
  }
}
