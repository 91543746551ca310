// The commands about a connection itself: PING, ECHO, HELLO, AUTH, SELECT, RESET, QUIT.

import type { Session } from '../client/session'
import { array, bulk, error, integer, map, OK, PONG, type Protocol, type Reply, simple } from '../resp/reply'
import { type Command, isPlainName, text, wholeNumber } from './command'

/** The version of Redis whose commands and replies these are; clients decide by it what to send. */
export const REDIS_VERSION = '7.0.15'

const DATABASES = 16

function ping(session: Session, args: readonly Buffer[]): Reply {
  if (args.length > 2) return error("ERR wrong number of arguments for 'ping' command")
  if (session.isSubscriber && session.protocol === 2) return array([bulk('pong'), bulk(text(args, 1))])
  return args.length === 2 ? bulk(text(args, 1)) : PONG
}

/** For the health checks of balancers; Redis has none. A broker that is about to stop serves on, and says so here. */
function health(session: Session): Reply {
  const { program, statistics } = session.surroundings
  statistics.healthChecks++
  return program.isDraining ? error('DRAINING the broker is about to stop') : OK
}

function echo(_session: Session, args: readonly Buffer[]): Reply {
  return bulk(text(args, 1))
}

/** HELLO [version [AUTH user password] [SETNAME name]]: nothing is changed unless all of it is right. */
function hello(session: Session, args: readonly Buffer[]): Reply {
  let protocol: Protocol = session.protocol
  if (args.length > 1) {
    const version = wholeNumber(args, 1)
    if (version === null) return error('ERR Protocol version is not an integer or out of range')
    if (version !== 2 && version !== 3) return error('NOPROTO unsupported protocol version')
    protocol = version
  }
  let name: string | null = null
  for (let at = 2; at < args.length; at++) {
    const option = text(args, at).toLowerCase()
    const following = args.length - at - 1
    if (option === 'auth' && following >= 2) {
      if (text(args, at + 1) !== 'default') return wrongPassword()
      at += 2
    } else if (option === 'setname' && following >= 1) {
      name = text(args, at + 1)
      if (!isPlainName(name)) return invalidName()
      at += 1
    } else {
      return error(`ERR Syntax error in HELLO option '${text(args, at)}'`)
    }
  }
  session.protocol = protocol
  if (name !== null) session.name = name
  return map(protocol, [
    ['server', bulk('redis')],
    ['version', bulk(REDIS_VERSION)],
    ['proto', integer(protocol)],
    ['id', integer(session.id)],
    ['mode', bulk('standalone')],
    ['role', bulk('master')],
    ['modules', array([])],
  ])
}

/** There is no password: the user `default` gets in with any, as in Redis. */
function auth(_session: Session, args: readonly Buffer[]): Reply {
  if (args.length > 3) return error('ERR syntax error')
  if (args.length === 2) {
    return error(
      'ERR AUTH <password> called without any password configured for the default user. ' +
        'Are you sure your configuration is correct?',
    )
  }
  return text(args, 1) === 'default' ? OK : wrongPassword()
}

/** A broker has no databases; their numbers are accepted for the sake of clients that always choose one. */
function select(session: Session, args: readonly Buffer[]): Reply {
  const index = wholeNumber(args, 1)
  if (index === null) return error('ERR value is not an integer or out of range')
  if (Math.abs(index) > 2 ** 31) {
    return error('ERR value is out of range, value must between -2147483648 and 2147483647')
  }
  if (index < 0 || index >= DATABASES) return error('ERR DB index is out of range')
  session.database = index
  return OK
}

function reset(session: Session): Reply {
  session.surroundings.broker.remove(session)
  session.protocol = 2
  session.name = ''
  session.database = 0
  session.isNoEvict = false
  session.replyMode = 'on'
  return simple('RESET')
}

function quit(session: Session): null {
  session.replyMode = 'on'
  session.send(OK)
  session.end()
  return null
}

/** `POST` and `Host:` begin a browser's request: a page is trying to speak to the broker behind its user's back. */
function refuseBrowser(session: Session): null {
  session.surroundings.log.warn(
    session.who,
    'closed: it speaks HTTP, perhaps a page that attacks through a browser',
  )
  session.end()
  return null
}

export function invalidName(): string {
  return error('ERR Client names cannot contain spaces, newlines or special characters.')
}

function wrongPassword(): string {
  return error('WRONGPASS invalid username-password pair or user is disabled.')
}

const FAST = ['noscript', 'loading', 'stale', 'fast'] as const
const browser = { arity: -1, flags: ['loading', 'stale'], run: refuseBrowser, since: '3.2.7' } as const

export const connectionCommands: readonly Command[] = [
  {
    name: 'ping',
    arity: -1,
    flags: ['fast'],
    isForSubscribers: true,
    run: ping,
    summary: 'Ping the server',
    since: '1.0.0',
    group: 'connection',
  },
  {
    name: 'health',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    isForSubscribers: true,
    run: health,
    summary: 'Tell a health check whether to send clients here',
    since: '1.0.0',
    group: 'connection',
  },
  {
    name: 'echo',
    arity: 2,
    flags: ['loading', 'stale', 'fast'],
    run: echo,
    summary: 'Echo the given string',
    since: '1.0.0',
    group: 'connection',
  },
  {
    name: 'hello',
    arity: -1,
    flags: [...FAST, 'no_auth', 'allow_busy'],
    run: hello,
    summary: 'Handshake with Redis',
    since: '6.0.0',
    group: 'connection',
  },
  {
    name: 'auth',
    arity: -2,
    flags: [...FAST, 'no_auth', 'allow_busy'],
    run: auth,
    summary: 'Authenticate to the server',
    since: '1.0.0',
    group: 'connection',
  },
  {
    name: 'select',
    arity: 2,
    flags: ['loading', 'stale', 'fast'],
    run: select,
    summary: 'Change the selected database for the current connection',
    since: '1.0.0',
    group: 'connection',
  },
  {
    name: 'reset',
    arity: 1,
    flags: [...FAST, 'no_auth', 'allow_busy'],
    isForSubscribers: true,
    run: reset,
    summary: 'Reset the connection',
    since: '6.2.0',
    group: 'connection',
  },
  {
    name: 'quit',
    arity: -1,
    flags: [...FAST, 'no_auth', 'allow_busy'],
    isForSubscribers: true,
    run: quit,
    summary: 'Close the connection',
    since: '1.0.0',
    group: 'connection',
  },
  { name: 'post', ...browser, summary: 'Refuses a browser', group: 'server' },
  { name: 'host:', ...browser, summary: 'Refuses a browser', group: 'server' },
]
