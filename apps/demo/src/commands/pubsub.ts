// The commands of publishing and subscribing: their words and replies. The deliveries are the broker's.
import type { Later } from '../client/later'
import type { Session } from '../client/session'
import { sums, unique } from '../mesh/questions'
import { array, bulk, error, integer, nothing, push, type Reply } from '../resp/reply'
import { type Command, help, later, text } from './command'
import { refuseChannels, refusePatterns } from './name-limits'

/**
 * One reply for each name, counted as it goes. These are deliveries, as in Redis: CLIENT REPLY does not silence them.
 */
function forEachName(
  session: Session,
  kind: string,
  names: readonly string[],
  change: (name: string) => void,
): null {
  let replies = ''
  for (const name of names) {
    change(name)
    replies += push(session.protocol, [bulk(kind), bulk(name), integer(session.subscriptionCount)])
  }
  session.deliver(replies)
  return null
}

/** Leaving without having been in anything is answered too, with no name. */
function forEachNameOrNone(
  session: Session,
  kind: string,
  names: readonly string[],
  change: (name: string) => void,
): null {
  if (names.length > 0) return forEachName(session, kind, names, change)
  const { protocol, subscriptionCount } = session
  session.deliver(push(protocol, [bulk(kind), nothing(protocol), integer(subscriptionCount)]))
  return null
}

function names(args: readonly Buffer[]): string[] {
  return args.slice(1).map(arg => arg.toString('latin1'))
}

function subscribe(session: Session, args: readonly Buffer[]): Reply | null {
  const { broker } = session.surroundings
  const channels = names(args)
  return (
    refuseChannels(channels) ??
    forEachName(session, 'subscribe', channels, channel => broker.subscribe(session, channel))
  )
}

function psubscribe(session: Session, args: readonly Buffer[]): Reply | null {
  const { broker } = session.surroundings
  const patterns = names(args)
  return (
    refusePatterns(patterns, session.patterns) ??
    forEachName(session, 'psubscribe', patterns, pattern => broker.subscribePattern(session, pattern))
  )
}

function unsubscribe(session: Session, args: readonly Buffer[]): null {
  const { broker } = session.surroundings
  const channels = args.length > 1 ? names(args) : [...session.channels]
  return forEachNameOrNone(session, 'unsubscribe', channels, channel => broker.unsubscribe(session, channel))
}

function punsubscribe(session: Session, args: readonly Buffer[]): null {
  const { broker } = session.surroundings
  const patterns = args.length > 1 ? names(args) : [...session.patterns]
  return forEachNameOrNone(session, 'punsubscribe', patterns, pattern =>
    broker.unsubscribePattern(session, pattern),
  )
}

function publish(session: Session, args: readonly Buffer[]): Reply | Later {
  const channel = text(args, 1)
  return refuseChannels([channel]) ?? session.surroundings.mesh.publish(channel, args[2]!)
}

function channels(session: Session, args: readonly Buffer[]): Reply | Later {
  if (args.length > 3) {
    return error(
      `ERR unknown subcommand or wrong number of arguments for '${text(args, 1)}'. Try PUBSUB HELP.`,
    )
  }
  const pattern = args.length > 2 ? text(args, 2) : null
  const refusal = refusePatterns(pattern === null ? [] : [pattern])
  if (refusal !== null) return refusal
  const asked = session.surroundings.mesh.ask('channels', pattern)
  return later(asked.then(answers => array(unique(answers).map(bulk))))
}

function subscriberCounts(session: Session, args: readonly Buffer[]): Later {
  const names = args.slice(2).map(arg => arg.toString('latin1'))
  const asked = session.surroundings.mesh.ask('subscribers', names)
  return later(
    asked.then(answers => {
      const counts = sums(names.length, answers)
      return array(names.flatMap((name, index) => [bulk(name), integer(counts[index]!)]))
    }),
  )
}

function patternCount(session: Session): Later {
  const asked = session.surroundings.mesh.ask('patterns', null)
  return later(asked.then(answers => integer(unique(answers).length)))
}

const SUBSCRIBING = {
  arity: -2,
  flags: ['pubsub', 'noscript', 'loading', 'stale'],
  isForSubscribers: true,
  since: '2.0.0',
  group: 'pubsub',
} as const
const ASKING = { flags: ['pubsub', 'loading', 'stale'], since: '2.8.0', group: 'pubsub' } as const

const HELP = help('PUBSUB', [
  'CHANNELS [<pattern>]',
  "    Return the currently active channels matching a <pattern> (default: '*').",
  'NUMPAT',
  '    Return number of subscriptions to patterns.',
  'NUMSUB [<channel> ...]',
  '    Return the number of subscribers for the specified channels, excluding',
  '    pattern subscriptions(default: no channels).',
])

export const pubsubCommands: readonly Command[] = [
  {
    ...SUBSCRIBING,
    name: 'subscribe',
    run: subscribe,
    summary: 'Listen for messages published to the given channels',
  },
  {
    ...SUBSCRIBING,
    name: 'unsubscribe',
    arity: -1,
    run: unsubscribe,
    summary: 'Stop listening for messages posted to the given channels',
  },
  {
    ...SUBSCRIBING,
    name: 'psubscribe',
    run: psubscribe,
    summary: 'Listen for messages published to channels matching the given patterns',
  },
  {
    ...SUBSCRIBING,
    name: 'punsubscribe',
    arity: -1,
    run: punsubscribe,
    summary: 'Stop listening for messages posted to channels matching the given patterns',
  },
  {
    name: 'publish',
    arity: 3,
    flags: ['pubsub', 'loading', 'stale', 'fast'],
    run: publish,
    summary: 'Post a message to a channel',
    since: '2.0.0',
    group: 'pubsub',
  },
  {
    name: 'pubsub',
    arity: -2,
    flags: [],
    summary: 'A container for Pub/Sub commands',
    since: '2.8.0',
    group: 'pubsub',
    subcommands: [
      { ...ASKING, name: 'pubsub|channels', arity: -2, run: channels, summary: 'List active channels' },
      {
        ...ASKING,
        name: 'pubsub|numsub',
        arity: -2,
        run: subscriberCounts,
        summary: 'Get the count of subscribers for channels',
      },
      {
        ...ASKING,
        name: 'pubsub|numpat',
        arity: 2,
        run: patternCount,
        summary: 'Get the count of unique patterns pattern subscriptions',
      },
      {
        ...ASKING,
        name: 'pubsub|help',
        arity: 2,
        run: () => array(HELP.map(line => `+${line}\r\n`)),
        summary: 'Show helpful text about the different subcommands',
      },
    ],
  },
]
