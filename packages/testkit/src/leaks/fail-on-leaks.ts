// The leak check of each test of a file, by the hooks of its runner. It knows the hooks of runners, and in which order they call
// them.
import { validateFunction, validateObject } from '@x/core/internal'
import { check, checked } from './leak-check'
import { monitor } from './leak-monitor'
import type { LeakScope } from './leak-scope'

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

/** What runners have in the context of a test. */
interface TestContext {
  /** Of vitest. Calls back after all hooks, the last one that asked first. */
  onTestFinished?(hook: () => Promise<void>): void
  readonly task?: { readonly name?: string }
  /** Of `node:test`. Calls back after all hooks, in order. */
  after?(hook: () => Promise<void>): void
  readonly fullName?: string
  readonly name?: string
  /** Of `node:test`: aborted when the test and its hooks are over. */
  readonly signal?: AbortSignal
}

/** The checks that have begun and were not made yet, by test. */
const begun = new Map<unknown, { readonly scope: LeakScope; readonly signal: AbortSignal | undefined }>()

/**
 * Makes every test of a file fail that leaves something open, as `expectNoLeaks` has it; what its hooks close, and
 * `onTestFinished` of vitest or `t.after` of `node:test`, is closed. With `aroundEach` tests that run at once are told apart by
 * their async contexts. With `beforeEach` and `afterEach` they cannot be: what is left open is then told by the last of
 * them to end, with the names of all that ran.
 *
 * @example
 * import { aroundEach } from 'vitest'
 * failOnLeaks({ aroundEach })
 * @example
 * import { afterEach, beforeEach } from 'node:test'
 * failOnLeaks({ beforeEach, afterEach })
 */
export function failOnLeaks(hooks: RunnerHooks): void {
  validateObject(hooks, 'hooks')
  for (const name of 'aroundEach' in hooks ? ['aroundEach'] : ['beforeEach', 'afterEach']) {
    validateFunction(Reflect.get(hooks, name), `hooks.${name}`)
  }
  monitor.stayOn()
  if ('aroundEach' in hooks) {
    hooks.aroundEach(async runTest => {
      await checked(monitor.begin('a test'), runTest)
    })
    return
  }
  // These hooks declare no parameters: jest would take one for a callback, vitest for a list of fixtures.
  hooks.beforeEach(function before() {
    // biome-ignore lint/complexity/noArguments: see above
    begin(arguments[0] as TestContext | undefined)
  })
  hooks.afterEach(async function after() {
    // biome-ignore lint/complexity/noArguments: see above
    const context = arguments[0] as TestContext | undefined
    const { key } = testOf(context)
    // node:test calls hooks in the order in which they were made: others may close what is open still.
    if (context?.after) context.after(() => end(key))
    else if (!context?.onTestFinished) await end(key)
  })
}

function begin(context: TestContext | undefined): void {
  for (const [key, { scope, signal }] of begun) {
    // A hook that threw has kept it from its check.
    if (signal?.aborted) forget(key, scope)
  }
  const { key, name } = testOf(context)
  const left = begun.get(key)
  // A file and a suite of it may both ask: one check is enough. What a test of jest left behind has no key.
  if (left && key !== null) return
  if (left) forget(key, left.scope)
  begun.set(key, { scope: monitor.begin(name, aroundOf(name)), signal: context?.signal })
  context?.onTestFinished?.(() => end(key))
}

async function end(key: unknown): Promise<void> {
  const scope = begun.get(key)?.scope
  if (!scope) return
  begun.delete(key)
  try {
    await check(scope)
  } finally {
    monitor.end(scope)
  }
}

function forget(key: unknown, scope: LeakScope): void {
  begun.delete(key)
  monitor.end(scope)
}

/** The check of the test that a test is part of: node:test names a test of a test after it. */
function aroundOf(name: string): LeakScope | null {
  const around = [...begun.values()]
    .map(({ scope }) => scope)
    .filter(scope => name.startsWith(`${scope.name} > `))
  return around.sort((one, other) => other.name.length - one.name.length)[0] ?? null
}

/** What a runner's context says about its test; jest has none. */
function testOf(context: TestContext | undefined): { key: unknown; name: string } {
  const { task, fullName, name } = context ?? {}
  return { key: task ?? context ?? null, name: task?.name ?? fullName ?? name ?? 'a test' }
}
