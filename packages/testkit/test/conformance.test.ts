// The conformance suite on testkit's own transports, and on transports under faults: the laws hold whatever the rules
// say. Rules that end connections have their own law test (faults-laws).
import { describe, it } from 'vitest'
import { faults, faulty, memoryNetwork, type Rule } from '../src'
import { transportSuite } from '../src/conformance'

const runner = { describe, it }

transportSuite({ runner, newTransport: () => memoryNetwork(), system: false })

const rules: Record<string, () => Rule> = {
  'no rule': () => () => undefined,
  latency: () => faults.latency({ ms: 1, jitterMs: 1 }),
  'slow connecting': () => faults.on('connect', { delayMs: 1 }),
  'slow accepting': () => faults.on('accept', { delayMs: 1 }),
  bandwidth: () => faults.bandwidth({ bytesPerSecond: 50_000_000 }),
  'slow close': () => faults.slowClose({ ms: 1 }),
  slicer: () => faults.slicer({ bytes: 1000, variation: 500 }),
  'partial writes': () => faults.partialWrites({ bytes: 4096 }),
  'short reads': () => faults.shortReads({ bytes: 4096 }),
}

for (const [name, rule] of Object.entries(rules)) {
  describe(`[T4] under ${name}`, () => {
    transportSuite({
      runner,
      newTransport: () => faulty(memoryNetwork(), [rule()]),
      system: false,
      kinds: ['tcp4', 'path'],
    })
  })
}
