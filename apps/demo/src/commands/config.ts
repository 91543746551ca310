// The CONFIG command: the options that the broker was started with, under Redis's names, to be read.
import type { Later } from '../client/later'
import type { Session } from '../client/session'
import { Glob } from '../resp/glob'
import { array, bulk, map, OK, type Reply, simple } from '../resp/reply'
import { type Command, help, later } from './command'

function parameters(session: Session): Readonly<Record<string, string>> {
  const { options } = session.surroundings
  const { hardBytes, softBytes, softSeconds } = options.outputLimit
  return {
    save: '',
    appendonly: 'no',
    databases: '16',
    timeout: '0',
    maxclients: String(options.maxClients),
    port: String(options.port ?? 0),
    bind: options.host,
    unixsocket: options.path ?? '',
    'proto-max-bulk-len': String(options.maxRequestBytes),
    'client-query-buffer-limit': String(options.maxRequestBytes),
    'client-output-buffer-limit': `normal 0 0 0 slave 0 0 0 pubsub ${hardBytes} ${softBytes} ${softSeconds}`,
    loglevel: options.logLevel,
  }
}

/** CONFIG GET pattern [pattern ...] */
function get(session: Session, args: readonly Buffer[]): Reply {
  const globs = args.slice(2).map(arg => new Glob(arg.toString('latin1').toLowerCase()))
  const found = Object.entries(parameters(session)).filter(([name]) => globs.some(glob => glob.matches(name)))
  return map(
    session.protocol,
    found.map(([name, value]) => [name, bulk(value)]),
  )
}

function resetStatistics(session: Session): Later {
  return later(session.surroundings.mesh.ask('resetStatistics', null).then(() => OK))
}

const ABOUT = { flags: ['admin', 'noscript', 'loading', 'stale'], since: '2.0.0', group: 'server' } as const
const HELP = help('CONFIG', [
  'GET <pattern>',
  '    Return parameters matching the glob-like <pattern> and their values.',
  'RESETSTAT',
  '    Reset statistics reported by the INFO command.',
])

export const configCommand: Command = {
  name: 'config',
  arity: -2,
  flags: [],
  summary: 'A container for server configuration commands',
  since: '2.0.0',
  group: 'server',
  subcommands: [
    {
      ...ABOUT,
      name: 'config|get',
      arity: -3,
      run: get,
      summary: 'Get the values of configuration parameters',
    },
    {
      ...ABOUT,
      name: 'config|resetstat',
      arity: 2,
      run: resetStatistics,
      summary: 'Reset the stats returned by INFO',
    },
    {
      ...ABOUT,
      name: 'config|help',
      arity: 2,
      run: () => array(HELP.map(simple)),
      summary: 'Show helpful text about the different subcommands',
    },
  ],
}
