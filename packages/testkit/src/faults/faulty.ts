// Any transport, with faults: each operation of its handles asks the rules first. It knows which handles to wrap.
import type {
  Feature,
  HandleKind,
  ListenerHandle,
  Lookup,
  Status,
  StreamHandle,
  Transport,
} from '@x/core/transport'
import { FaultyListener } from './faulty-listener'
import { FaultyStream } from './faulty-stream'
import type { Guard, Rule } from './rule'
import { Rulebook } from './rulebook'

/** A transport with faults. */
export interface FaultyTransport extends Transport {
  /** Puts a rule in force, after those that are; the guard takes it off again. */
  add(rule: Rule): Guard
  /** Takes all rules off. What they held goes on. */
  clear(): void
}

/** What would go past the rules, in the system or by descriptor. */
const BYPASSES: ReadonlySet<Feature> = new Set(['handoff', 'relay'])

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
  options: { seed?: number | string } = {},
): FaultyTransport {
  const book = new Rulebook(rules, options.seed ?? 1)
  const lookup: Lookup | undefined = transport.lookup
  return {
    name: `faulty ${transport.name}`,
    supports: feature => !BYPASSES.has(feature) && transport.supports(feature),
    listener: (kind: HandleKind) => new FaultyListener(transport.listener(kind), book),
    stream: (kind: HandleKind) => new FaultyStream(transport.stream(kind), book, 'client'),
    adopt: ((fd: number, as: 'listener' | 'stream') => adopt(transport, book, fd, as)) as Transport['adopt'],
    lookup,
    add: rule => book.add(rule),
    clear: () => book.clear(),
  }
}

function adopt(
  transport: Transport,
  book: Rulebook,
  fd: number,
  as: 'listener' | 'stream',
): ListenerHandle | StreamHandle | Status {
  if (as === 'listener') {
    const listener = transport.adopt(fd, as)
    return typeof listener === 'number' ? listener : new FaultyListener(listener, book)
  }
  const stream = transport.adopt(fd, as)
  return typeof stream === 'number' ? stream : new FaultyStream(stream, book, 'server')
}
