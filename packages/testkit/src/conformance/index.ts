// The conformance suite: which tests run, over which addresses, in which roles, and what was skipped and why. The tests
// themselves are in the files beside it.

import { networkInterfaces } from 'node:os'
import type { Transport } from '@x/core/transport'
import { Bed, type Modules, Skipped } from './bed'
import { byteLawTests } from './byte-law-tests'
import { connectTests } from './connect-tests'
import { contextTests } from './context-tests'
import { descriptorTests } from './descriptor-tests'
import { lawTests } from './law-tests'
import { listenerTests } from './listener-tests'
import { has } from './needs'
import { pipeTests } from './pipe-tests'
import { processTests } from './process-tests'
import { readTests } from './read-tests'
import type { ConformanceTest } from './test-case'
import { type Role, type Variant, variants } from './variant'
import { writeTests } from './write-tests'

export type { ConformanceTest, Role, Variant }

/** What a running test gets from its runner; both vitest and node:test provide it. */
export interface RunningTest {
  skip(reason?: string): void
}

/** The part of a test runner that the suite uses: that of vitest or of node:test. */
export interface Runner {
  describe(name: string, body: () => void): unknown
  it(name: string, body: (test: RunningTest) => Promise<void>): unknown
}

/** Tests that are not run, by name, and why not. */
export interface DeclaredSkip {
  readonly reason: string
  readonly tests: readonly string[]
}

/** The transports that the suite runs on, and the tests that it skips. */
export interface SuiteOptions {
  /** `{ describe, it }` of the runner. Unless given, the runner's globals are used. */
  readonly runner?: Runner
  /** Makes the transport under test; called once for each test. */
  readonly newTransport: () => Transport
  /** Makes the transport of the other side; the one under test unless given. */
  readonly peer?: () => Transport
  readonly skip?: readonly DeclaredSkip[]
  /** Which sorts of address; all that the transport and this host have, unless given. */
  readonly kinds?: readonly Variant[]
  /**
   * False if the sockets are not those of the system: tests that need files or other processes are skipped. Default
   * true.
   */
  readonly system?: boolean
  /**
   * Path or URL of a module that exports `newTransport`, for the tests that need the transport in a process of its own.
   * Without it, these are skipped.
   */
  readonly module?: string
  /** The same for the peer. */
  readonly peerModule?: string
}

/** All tests of the suite. */
export const conformanceTests: readonly ConformanceTest[] = [
  ...lawTests,
  ...byteLawTests,
  ...contextTests,
  ...connectTests,
  ...readTests,
  ...writeTests,
  ...listenerTests,
  ...descriptorTests,
  ...pipeTests,
  ...processTests,
]

const roles: readonly Role[] = ['connects', 'accepts']

/**
 * Runs the conformance suite on a transport: the laws of the transport contract, and the results of each method. Call
 * it in a test file; a skip that names no test, or a test of a feature that the transport has, fails.
 *
 * ```ts
 * import { describe, it } from 'vitest'
 * transportSuite({ runner: { describe, it }, newTransport: () => portable })
 * ```
 */
export function transportSuite(options: SuiteOptions): void {
  const { describe, it } = options.runner ?? (globalThis as unknown as Runner)
  const subject = options.newTransport()
  const ends = options.peer === undefined ? [subject] : [subject, options.peer()]
  const kinds = options.kinds ?? variants.filter(variant => ends.every(end => canAddress(end, variant)))
  describe(suiteName(options, subject), () => {
    it('skips only what it declares, and declares only what it cannot do', async () => {
      const wrong = wrongSkips(options.skip ?? [], subject)
      if (wrong.length > 0) throw new Error(wrong.join('; '))
    })
    for (const variant of kinds) {
      for (const role of roles) {
        describe(`${variant}, ${role}`, () => {
          for (const test of testsFor(variant, role)) {
            it(test.name, context => runTest(test, options, variant, role, context))
          }
        })
      }
    }
  })
}

/** The tests that mean something for an address and a role. */
function testsFor(variant: Variant, role: Role): ConformanceTest[] {
  return conformanceTests.filter(
    test => (test.variants ?? variants).includes(variant) && !(test.once && role !== roles[0]),
  )
}

async function runTest(
  test: ConformanceTest,
  options: SuiteOptions,
  variant: Variant,
  role: Role,
  context: RunningTest,
): Promise<void> {
  const subject = options.newTransport()
  const reason = skipReason(test, options, subject)
  if (reason !== null) {
    context.skip(reason)
    return
  }
  const bed = new Bed(subject, options.peer?.() ?? subject, variant, role, modulesOf(options))
  try {
    await test.run(bed)
  } catch (error) {
    if (!(error instanceof Skipped)) throw error
    context.skip(error.message)
  } finally {
    await bed.dispose()
  }
}

function skipReason(test: ConformanceTest, options: SuiteOptions, subject: Transport): string | null {
  const missing = test.needs?.find(need => !has(subject, need))
  if (missing !== undefined) return `${subject.name} does not support ${missing}`
  if (test.system && options.system === false) return `${subject.name} has no sockets of the system`
  if (test.process && options.module === undefined) return 'no module was given for another process'
  return options.skip?.find(skip => skip.tests.includes(test.name))?.reason ?? null
}

function wrongSkips(skips: readonly DeclaredSkip[], subject: Transport): string[] {
  const wrong: string[] = []
  for (const { reason, tests } of skips) {
    if (reason.trim() === '') wrong.push(`a skip of ${tests.join(', ')} has no reason`)
    for (const name of tests) {
      const test = conformanceTests.find(each => each.name === name)
      if (test === undefined) wrong.push(`no test is called "${name}"`)
      else if (test.needs?.every(need => has(subject, need))) {
        wrong.push(`${subject.name} supports what "${name}" needs`)
      }
    }
  }
  return wrong
}

function modulesOf(options: SuiteOptions): Modules | null {
  const { module: subject, peerModule } = options
  return subject === undefined ? null : { subject, peer: peerModule ?? subject }
}

function suiteName(options: SuiteOptions, subject: Transport): string {
  return options.peer === undefined ? subject.name : `${subject.name} with ${options.peer().name}`
}

/** Whether a sort of address can be had here. */
function canAddress(transport: Transport, variant: Variant): boolean {
  if (variant === 'abstract') return transport.supports('abstract-path')
  if (variant === 'path') return process.platform !== 'win32'
  return variant === 'tcp4' || hostHasIpv6()
}

function hostHasIpv6(): boolean {
  return Object.values(networkInterfaces()).some(entries => entries?.some(entry => entry.address === '::1'))
}
