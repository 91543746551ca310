// The conformance suite on testkit's own transports, and on transports under faults: the laws hold whatever the rules
// say. Rules that end connections have their own law test (faults-laws).
import { describe, it } from 'vitest'
import { faults, faulty, memoryNetwork, type Rule } from '../src'
import { type DeclaredSkip, transportSuite } from '../src/conformance'

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

const lateWrites: DeclaredSkip = {
  reason:
    'a write that is delayed is not with the system yet, so that what is queued says nothing of the network',
  tests: [
    'a write that the system takes whole answers 1 and calls nobody',
    'close ends the connection for the peer after all that was sent',
    'what is queued when the peer resets fails, each write once',
  ],
}

const skips: Record<string, readonly DeclaredSkip[]> = {
  latency: [lateWrites],
  bandwidth: [lateWrites],
  'slow accepting': [
    {
      reason: 'the connection is accepted after the test has looked',
      tests: [
        'closing leaves accepted streams alone and refuses new ones',
        'law 12: connect, listen and accept see the store of their call, whoever is on the other side',
      ],
    },
  ],
  slicer: [
    {
      reason: 'it would be more than 100,000 pieces',
      tests: ['64 MB each way at once arrive whole, with no more memory than the buffers'],
    },
  ],
}

for (const [name, rule] of Object.entries(rules)) {
  describe(`[T4] under ${name}`, () => {
    transportSuite({
      runner,
      newTransport: () => faulty(memoryNetwork(), [rule()]),
      system: false,
      kinds: ['tcp4', 'path'],
      skip: skips[name] ?? [],
    })
  })
}
