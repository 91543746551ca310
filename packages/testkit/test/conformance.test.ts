// The conformance suite on testkit's own transports, and on transports under faults: the laws hold whatever the rules
// say. Rules that end connections have their own law test (faults-laws).
import { loadNative, type Transport } from '@x/core/transport'
import { describe, it } from 'vitest'
import { faults, faulty, memoryNetwork, type Rule, simulate } from '../src'
import { type DeclaredSkip, type Runner, transportSuite } from '../src/conformance'

const runner = { describe, it }

transportSuite({ runner, newTransport: () => memoryNetwork(), system: false })

/** What a simulated host's network is, while the test that runs in it runs. */
let simulated: Transport = { ...memoryNetwork(), supports: memoryNetwork().supports, name: 'simulated' }

/** A runner whose tests run in simulations. */
const inSimulation: Runner = {
  describe,
  it: (name, body) =>
    it(name, async context => {
      await simulate({ seed: name }, async ({ host }) => {
        const before = simulated
        const one = host('one')
        simulated = one.transport
        await one.run(() => body(context))
        simulated = before
      })
    }),
}

transportSuite({
  runner: inSimulation,
  newTransport: () => simulated,
  system: false,
  kinds: ['tcp4', 'path'],
})

/** One rule of rules that end nothing: every operation is late, in pieces, or both. */
function weather(): Rule[] {
  return [
    faults.latency({ ms: 1 }),
    faults.jitter({ ms: 1 }),
    faults.slicer({ bytes: 8192, variation: 4096 }),
    faults.on('connect', { delayMs: 1 }),
    faults.on('accept', { delayMs: 1 }),
    faults.slowClose({ ms: 1 }),
  ]
}

/** Each alone, where there is time for it (`pnpm soak testkit`). */
const alone: Record<string, () => Rule[]> = {
  'no rule': () => [],
  latency: () => [faults.latency({ ms: 1 }), faults.jitter({ ms: 1 })],
  'slow connecting': () => [faults.on('connect', { delayMs: 1 })],
  'slow accepting': () => [faults.on('accept', { delayMs: 1 })],
  bandwidth: () => [faults.bandwidth({ bytesPerSecond: 50_000_000 })],
  'slow close': () => [faults.slowClose({ ms: 1 })],
  slicer: () => [faults.slicer({ bytes: 1000, variation: 500 })],
  'partial writes': () => [faults.partialWrites({ bytes: 4096 })],
  'short reads': () => [faults.shortReads({ bytes: 4096 })],
}

const lateWrites: DeclaredSkip = {
  reason:
    'a write that is delayed is not with the system yet, so that what is queued says nothing of the network',
  tests: [
    'a write that the system takes whole answers 1 and calls nobody',
    'a write that the system does not take is called back once, when the last byte is with it',
    'close ends the connection for the peer after all that was sent',
    'what is queued when the peer resets fails, each write once',
  ],
}
const lateAccepts: DeclaredSkip = {
  reason: 'the connection is accepted after the test has looked',
  tests: [
    'closing leaves accepted streams alone and refuses new ones',
    'law 12: connect, listen and accept see the store of their call, whoever is on the other side',
  ],
}
const manyPieces: DeclaredSkip = {
  reason: 'it would be more than 100,000 pieces',
  tests: [
    '64 MB each way at once arrive whole, with no more memory than the buffers',
    "law 5: bytes that were read are the receiver's, and are not written again",
  ],
}

const skips: Record<string, readonly DeclaredSkip[]> = {
  weather: [lateWrites, lateAccepts, manyPieces],
  latency: [lateWrites],
  bandwidth: [lateWrites],
  'slow accepting': [lateAccepts],
  slicer: [manyPieces],
}

const rules = { weather, ...(process.env['X_TESTKIT_SOAK'] ? alone : {}) }
const native = loadNative().transport

for (const [name, make] of Object.entries(rules)) {
  describe(`[T4] under ${name}`, () => {
    const onMemory = () => faulty(memoryNetwork(), make())
    transportSuite({
      runner,
      newTransport: onMemory,
      system: false,
      kinds: ['tcp4', 'path'],
      skip: skips[name] ?? [],
    })
    if (native) {
      transportSuite({
        runner,
        newTransport: () => faulty(native, make()),
        kinds: ['tcp4'],
        skip: skips[name] ?? [],
      })
    }
  })
}
