// Any transport, with faults: each operation of its handles asks the rules first. It knows which handles to wrap.
import { type Transport, wrapTransport } from '@x/core/transport'
import { optionsOf, validateSeed, validateTransport } from '../arguments'
import { FaultyListener } from './faulty-listener'
import { FaultyStream } from './faulty-stream'
import type { Guard, Rule } from './rule'
import { Rulebook } from './rulebook'

/** A transport with faults. */
export interface FaultyTransport extends Transport {
  /** Puts a rule in force, after those that are; the guard takes it off again. */
  add(rule: Rule): Guard
  /** Removes all rules. Operations that they held continue. */
  clear(): void
}

/**
 * A transport like another, whose operations ask the rules first. The laws of the transport contract hold under every
 * rule. Delays are timers of the process, virtual ones in a simulation or under fake timers. A rule that throws throws
 * out of the operation that it was asked about.
 *
 * @param rules in force from the start, in order: delays add up, the fewest bytes count, the first outcome other than
 * `pass` decides
 * @param options `seed` of the chance that rules draw on; default 1
 * @example
 * const transport = faulty(memoryNetwork(), [latency({ ms: 50 })])
 * using _ = transport.add(refuse())
 */
export function faulty(
  transport: Transport,
  rules: readonly Rule[] = [],
  options?: { seed?: number | string },
): FaultyTransport {
  const { seed = 1 } = optionsOf(options)
  validateTransport(transport, 'transport')
  validateSeed(seed, 'options.seed')
  const book = new Rulebook(rules, seed)
  const transportUnderRules = wrapTransport(transport, {
    name: `faulty ${transport.name}`,
    wrapStream: (inner, origin) => new FaultyStream(inner, book, origin === 'made' ? 'client' : 'server'),
    wrapListener: (inner, wrapAccepted) => new FaultyListener(inner, wrapAccepted, book),
    // Those would go past the rules, in the system.
    descriptors: null,
  })
  return Object.assign(transportUnderRules, {
    add: (rule: Rule) => book.add(rule),
    clear: () => book.set([]),
  })
}
