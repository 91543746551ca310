// The CLIENT command: what a client tells and asks about clients.
import { describeClient, isClientType } from '../client/clients'
import type { Later } from '../client/later'
import type { Session } from '../client/session'
import { array, bulk, error, integer, nothing, OK, type Reply, simple, verbatim } from '../resp/reply'
import { clientKill } from './client-kill'
import { type Command, help, isPlainName, later, text, wholeNumber } from './command'
import { invalidName } from './connection'

const SYNTAX_ERROR = error('ERR syntax error')

function list(session: Session, args: readonly Buffer[]): Reply | Later {
  const filters: [option: string, value: string][] = []
  const filter = text(args, 2).toLowerCase()
  if (filter === 'type' && args.length === 4) {
    const type = text(args, 3).toLowerCase()
    if (!isClientType(type)) return error(`ERR Unknown client type '${text(args, 3)}'`)
    filters.push(['type', type])
  } else if (filter === 'id' && args.length > 3) {
    for (let at = 3; at < args.length; at++) {
      if (wholeNumber(args, at) === null) return error('ERR Invalid client ID')
    }
    filters.push(['ids', args.slice(3).join(' ')])
  } else if (args.length !== 2) {
    return SYNTAX_ERROR
  }
  const { protocol } = session
  const asked = session.surroundings.mesh.ask('clients', filters)
  return later(
    asked.then(answers => {
      const lines = answers.flat().sort((a, b) => a.connectedMs - b.connectedMs || a.id - b.id)
      return verbatim(protocol, lines.map(({ line }) => `${line}\n`).join(''))
    }),
  )
}

function setName(session: Session, args: readonly Buffer[]): Reply {
  const name = text(args, 2)
  if (!isPlainName(name)) return invalidName()
  session.name = name
  return OK
}

function setInfo(session: Session, args: readonly Buffer[]): Reply {
  const option = text(args, 2).toLowerCase()
  const value = text(args, 3)
  if (option !== 'lib-name' && option !== 'lib-ver')
    return error(`ERR Unrecognized option '${text(args, 2)}'`)
  if (!isPlainName(value)) {
    return error(`ERR ${option} cannot contain spaces, newlines or special characters.`)
  }
  if (option === 'lib-name') session.libraryName = value
  else session.libraryVersion = value
  return OK
}

function noEvict(session: Session, args: readonly Buffer[]): Reply {
  const choice = onOrOff(args)
  if (choice === null) return SYNTAX_ERROR
  session.isNoEvict = choice
  return OK
}

/** There is no memory of last use here that the command could leave untouched. */
function noTouch(_session: Session, args: readonly Buffer[]): Reply {
  return onOrOff(args) === null ? SYNTAX_ERROR : OK
}

function onOrOff(args: readonly Buffer[]): boolean | null {
  const choice = text(args, 2).toLowerCase()
  return choice === 'on' ? true : choice === 'off' ? false : null
}

function reply(session: Session, args: readonly Buffer[]): Reply | null {
  const choice = text(args, 2).toLowerCase()
  if (choice === 'on') {
    session.replyMode = 'on'
    return OK
  }
  if (choice === 'off') session.replyMode = 'off'
  else if (choice !== 'skip') return SYNTAX_ERROR
  else if (session.replyMode !== 'off') session.replyMode = 'skip-next'
  return null
}

const ABOUT = {
  flags: ['noscript', 'loading', 'stale'],
  group: 'connection',
} as const

const HELP = help('CLIENT', [
  'GETNAME',
  '    Return the name of the current connection.',
  'ID',
  '    Return the ID of the current connection.',
  'INFO',
  '    Return information about the current client connection.',
  'KILL <ip:port>',
  '    Kill connection made from <ip:port>.',
  'KILL <option> <value> [<option> <value> [...]]',
  '    Kill connections. Options are: ADDR, LADDR, TYPE, USER, SKIPME, ID.',
  'LIST [options ...]',
  '    Return information about client connections. Options: TYPE, ID.',
  'NO-EVICT (ON|OFF)',
  '    Protect current client connection from eviction.',
  'NO-TOUCH (ON|OFF)',
  '    Will not touch LRU/LFU stats when this mode is on.',
  'REPLY (ON|OFF|SKIP)',
  '    Control the replies sent to the current connection.',
  'SETINFO <option> <value>',
  '    Set client meta attr. Options are: LIB-NAME, LIB-VER.',
  'SETNAME <name>',
  '    Assign the name <name> to the current connection.',
])

const subcommands: readonly Command[] = [
  {
    ...ABOUT,
    name: 'client|id',
    arity: 2,
    run: session => integer(session.id),
    summary: 'Returns the client ID for the current connection',
    since: '5.0.0',
  },
  {
    ...ABOUT,
    name: 'client|info',
    arity: 2,
    run: session => verbatim(session.protocol, `${describeClient(session, Date.now())}\n`),
    summary: 'Returns information about the current client connection.',
    since: '6.2.0',
  },
  {
    ...ABOUT,
    name: 'client|list',
    arity: -2,
    run: list,
    summary: 'Get the list of client connections',
    since: '2.4.0',
  },
  {
    ...ABOUT,
    name: 'client|kill',
    arity: -3,
    run: clientKill,
    summary: 'Kill the connection of a client',
    since: '2.4.0',
  },
  {
    ...ABOUT,
    name: 'client|getname',
    arity: 2,
    run: session => (session.name === '' ? nothing(session.protocol) : bulk(session.name)),
    summary: 'Get the current connection name',
    since: '2.6.9',
  },
  {
    ...ABOUT,
    name: 'client|setname',
    arity: 3,
    run: setName,
    summary: 'Set the current connection name',
    since: '2.6.9',
  },
  {
    ...ABOUT,
    name: 'client|setinfo',
    arity: 4,
    run: setInfo,
    summary: 'Set client or connection specific info',
    since: '7.2.0',
  },
  {
    ...ABOUT,
    name: 'client|no-evict',
    arity: 3,
    run: noEvict,
    summary: 'Set client eviction mode for the current connection',
    since: '7.0.0',
  },
  {
    ...ABOUT,
    name: 'client|no-touch',
    arity: 3,
    run: noTouch,
    summary: 'Controls whether commands sent by the client will alter the LRU/LFU of the keys they access.',
    since: '7.2.0',
  },
  {
    ...ABOUT,
    name: 'client|reply',
    arity: 3,
    run: reply,
    summary: 'Instruct the server whether to reply to commands',
    since: '3.2.0',
  },
  {
    ...ABOUT,
    name: 'client|help',
    arity: 2,
    run: () => array(HELP.map(simple)),
    summary: 'Show helpful text about the different subcommands',
    since: '5.0.0',
  },
]

export const clientCommand: Command = {
  name: 'client',
  arity: -2,
  flags: [],
  summary: 'A container for client connection commands',
  since: '2.4.0',
  group: 'connection',
  subcommands,
}
