// Which commands there are, and the COMMAND command, which tells clients of them.

import type { Session } from '../client/session'
import {
  array,
  bulk,
  error,
  integer,
  map,
  nothing,
  type Protocol,
  type Reply,
  set,
  simple,
} from '../resp/reply'
import { clientCommand } from './client'
import { type Command, help, text } from './command'
import { configCommand } from './config'
import { connectionCommands } from './connection'
import { infoCommand } from './info'
import { pubsubCommands } from './pubsub'

/** A command by its lower-case name, or a subcommand by `container|name`. */
export function findCommand(name: string): Command | undefined {
  return COMMANDS.get(name)
}

/** `[name, arity, flags, first key, last key, step, categories, tips, key specifications, subcommands]` */
function describe(protocol: Protocol, command: Command): Reply {
  const { subcommands } = command
  return array([
    bulk(command.name),
    integer(command.arity),
    set(protocol, command.flags.map(simple)),
    integer(0),
    integer(0),
    integer(0),
    set(protocol, categories(command).map(simple)),
    set(protocol, []),
    set(protocol, []),
    subcommands === undefined
      ? set(protocol, [])
      : array(subcommands.map(subcommand => describe(protocol, subcommand))),
  ])
}

/** The access categories, as Redis derives them from flags and group. */
function categories({ flags, group, subcommands }: Command): string[] {
  const isAdministrative = flags.includes('admin')
  return [
    ...(isAdministrative ? ['@admin'] : []),
    ...(flags.includes('pubsub') ? ['@pubsub'] : []),
    flags.includes('fast') ? '@fast' : '@slow',
    ...(isAdministrative ? ['@dangerous'] : []),
    ...(group === 'connection' && subcommands === undefined ? ['@connection'] : []),
  ]
}

function document(protocol: Protocol, command: Command): [string, Reply] {
  const entries: [string, Reply][] = [
    ['summary', bulk(command.summary)],
    ['since', bulk(command.since)],
    ['group', bulk(command.group)],
  ]
  if (command.subcommands !== undefined) {
    const documented = command.subcommands.map(subcommand => document(protocol, subcommand))
    entries.push(['subcommands', map(protocol, documented)])
  }
  return [command.name, map(protocol, entries)]
}

/** The commands that the words from the third on name; null in the place of an unknown one. All where none is named. */
function named(args: readonly Buffer[]): readonly (Command | null)[] {
  if (args.length === 2) return TOP_LEVEL
  return args.slice(2).map(arg => COMMANDS.get(arg.toString('latin1').toLowerCase()) ?? null)
}

function info({ protocol }: Session, args: readonly Buffer[]): Reply {
  return array(
    named(args).map(command => (command === null ? nothing(protocol) : describe(protocol, command))),
  )
}

function docs({ protocol }: Session, args: readonly Buffer[]): Reply {
  const known = named(args).filter(command => command !== null)
  return map(
    protocol,
    known.map(command => document(protocol, command)),
  )
}

function list({ protocol }: Session, args: readonly Buffer[]): Reply {
  if (args.length > 2) return error('ERR syntax error')
  return set(
    protocol,
    TOP_LEVEL.map(command => bulk(command.name)),
  )
}

/** None of these commands has a key. */
function getKeys(_session: Session, args: readonly Buffer[]): Reply {
  const command = COMMANDS.get(text(args, 2).toLowerCase())
  return error(command ? 'ERR The command has no key arguments' : 'ERR Invalid command specified')
}

const ABOUT = { flags: ['loading', 'stale'], since: '2.8.13', group: 'server' } as const
const HELP = help('COMMAND', [
  '(no subcommand)',
  '    Return details about all Redis commands.',
  'COUNT',
  '    Return the total number of commands in this Redis server.',
  'LIST',
  '    Return a list of all commands in this Redis server.',
  'INFO [<command-name> ...]',
  '    Return details about multiple Redis commands.',
  '    If no command names are given, documentation details for all',
  '    commands are returned.',
  'DOCS [<command-name> ...]',
  '    Return documentation details about multiple Redis commands.',
  '    If no command names are given, documentation details for all',
  '    commands are returned.',
  'GETKEYS <full-command>',
  '    Return the keys from a full Redis command.',
])

const commandCommand: Command = {
  ...ABOUT,
  name: 'command',
  arity: -1,
  run: session => array(TOP_LEVEL.map(command => describe(session.protocol, command))),
  summary: 'Get array of Redis command details',
  subcommands: [
    {
      ...ABOUT,
      name: 'command|count',
      arity: 2,
      run: () => integer(TOP_LEVEL.length),
      summary: 'Get total number of Redis commands',
    },
    {
      ...ABOUT,
      name: 'command|info',
      arity: -2,
      run: info,
      summary: 'Get array of specific Redis command details',
    },
    {
      ...ABOUT,
      name: 'command|docs',
      arity: -2,
      run: docs,
      summary: 'Get array of specific Redis command documentation',
    },
    { ...ABOUT, name: 'command|list', arity: -2, run: list, summary: 'Get an array of Redis command names' },
    {
      ...ABOUT,
      name: 'command|getkeys',
      arity: -4,
      run: getKeys,
      summary: 'Extract keys given a full Redis command',
    },
    {
      ...ABOUT,
      name: 'command|help',
      arity: 2,
      run: () => array(HELP.map(simple)),
      summary: 'Show helpful text about the different subcommands',
    },
  ],
}

const TOP_LEVEL: readonly Command[] = [
  ...connectionCommands,
  ...pubsubCommands,
  clientCommand,
  infoCommand,
  configCommand,
  commandCommand,
]

const COMMANDS: ReadonlyMap<string, Command> = new Map(
  TOP_LEVEL.flatMap(command => [command, ...(command.subcommands ?? [])]).map(command => [
    command.name,
    command,
  ]),
)
