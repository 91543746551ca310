// Checks what a worker says by the IPC channel, before anything is done with it. It knows shapes and ranges, not what they
// are used for.
import type { Address, BindFlags } from '@x/core/transport'
import type { DatagramAsk, FromWorker, ListenAsk, ListeningInfo } from './messages'

/** A message with an unknown or wrong part. The text completes "Worker 3 sent ...". */
export class WrongMessage extends Error {}

type Fields = Readonly<Record<string, unknown>>

const MOST_32 = 2 ** 32 - 1
const MOST_31 = 2 ** 31 - 1
/** libuv's own numbers end at -4095, and errno's before. */
const LEAST_STATUS = -4095
/** PATH_MAX and then some; a socket's path is checked against its own limit where it is bound. */
const LONGEST_TEXT = 8192

/** The message, if it is one that a worker may send. Throws `WrongMessage`. */
export function readWorkerMessage(value: unknown): FromWorker {
  const message = fields(value, 'a control message')
  const act = message['act']
  const read = typeof act === 'string' && Object.hasOwn(readers, act) ? readers[act as Act] : undefined
  if (!read) throw new WrongMessage('a control message of an unknown kind')
  return read(message)
}

type Act = FromWorker['act']

const readers: { readonly [A in Act]: (message: Fields) => Extract<FromWorker, { act: A }> } = {
  online: () => ({ act: 'online' }),
  ready: () => ({ act: 'ready' }),
  leaving: () => ({ act: 'leaving' }),
  heeded: () => ({ act: 'heeded' }),
  listen: readListen,
  datagram: readDatagram,
  listening: message => ({ act: 'listening', info: readInfo(fields(message['info'], 'listening.info')) }),
  'listen-failed': message => ({
    act: 'listen-failed',
    status: readStatus(message['status']),
    at: readPlace(fields(message['at'], 'listen-failed.at')),
  }),
  close: message => ({ act: 'close', listener: whole(message, 'listener', MOST_32) }),
  taken: message => ({
    act: 'taken',
    id: whole(message, 'id', Number.MAX_SAFE_INTEGER),
    isTaken: flag(message, 'isTaken'),
    why: oneOf(message, 'why', ['full', 'shortage']),
    connections: whole(message, 'connections', MOST_31),
  }),
  connections: message => ({ act: 'connections', connections: whole(message, 'connections', MOST_31) }),
  drained: message => ({
    act: 'drained',
    ended: whole(message, 'ended', MOST_31),
    forced: whole(message, 'forced', MOST_31),
  }),
  pong(message) {
    const signs = fields(message['signs'], 'pong.signs')
    return { act: 'pong', signs: { memory: amount(signs, 'memory'), lagMs: amount(signs, 'lagMs') } }
  },
}

function readListen(message: Fields): ListenAsk {
  const kind = oneOf(message, 'kind', ['tcp', 'pipe'])
  const at = readPlace(fields(message['at'], 'listen.at'))
  if (!('fd' in at) && 'port' in at !== (kind === 'tcp'))
    throw new WrongMessage('a listen.at of another kind')
  return {
    act: 'listen',
    kind,
    at,
    flags: readFlags(fields(message['flags'], 'listen.flags')),
    backlog: whole(message, 'backlog', MOST_31),
    index: whole(message, 'index', MOST_31),
  }
}

function readPlace(at: Fields): Address | { fd: number } {
  if ('fd' in at) return { fd: whole(at, 'fd', MOST_31) }
  if ('path' in at) return { path: text(at, 'path') }
  return {
    family: oneOf(at, 'family', ['IPv4', 'IPv6']),
    address: text(at, 'address'),
    port: whole(at, 'port', 65_535),
  }
}

function readFlags(flags: Fields): BindFlags {
  const mode = flags['mode']
  return {
    ipv6Only: optionalFlag(flags, 'ipv6Only') === true,
    reusePort: optionalFlag(flags, 'reusePort') === true,
    ...(optionalFlag(flags, 'reuseAddress') === false && { reuseAddress: false }),
    ...(mode !== undefined && mode !== null && { mode: whole(flags, 'mode', 0o7777) }),
  }
}

function readDatagram(message: Fields): DatagramAsk {
  const at = message['at'] === null ? null : fields(message['at'], 'datagram.at')
  const fd = message['fd'] === null ? null : whole(message, 'fd', MOST_31)
  if ((at === null) === (fd === null)) throw new WrongMessage('a datagram ask without one place')
  return {
    act: 'datagram',
    type: oneOf(message, 'type', ['udp4', 'udp6']),
    at:
      at === null
        ? null
        : { port: whole(at, 'port', 65_535), address: at['address'] === null ? null : text(at, 'address') },
    fd,
    ipv6Only: flag(message, 'ipv6Only'),
    reuseAddress: flag(message, 'reuseAddress'),
    index: whole(message, 'index', MOST_31),
  }
}

function readInfo(info: Fields): ListeningInfo {
  const { addressType } = info
  const types = [4, 6, -1, 'udp4', 'udp6'] as const
  const type = types.find(each => each === addressType)
  if (type === undefined) throw new WrongMessage('a wrong listening.info.addressType')
  const port = info['port']
  return {
    addressType: type,
    address: info['address'] === null ? null : text(info, 'address'),
    port: port === -1 ? -1 : whole(info, 'port', 65_535),
    fd: info['fd'] === undefined ? undefined : whole(info, 'fd', MOST_31),
  }
}

function fields(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new WrongMessage(`${what} that is no object`)
  }
  return value as Fields
}

function whole(message: Fields, name: string, most: number): number {
  const value = message[name]
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most) return value
  throw new WrongMessage(`a wrong '${name}'`)
}

function amount(message: Fields, name: string): number {
  const value = message[name]
  if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return value
  throw new WrongMessage(`a wrong '${name}'`)
}

function flag(message: Fields, name: string): boolean {
  const value = message[name]
  if (typeof value === 'boolean') return value
  throw new WrongMessage(`a wrong '${name}'`)
}

function optionalFlag(message: Fields, name: string): boolean | undefined {
  return message[name] === undefined || message[name] === null ? undefined : flag(message, name)
}

function readStatus(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value < 0 && value >= LEAST_STATUS) return value
  throw new WrongMessage("a wrong 'status'")
}

function text(message: Fields, name: string): string {
  const value = message[name]
  if (typeof value === 'string' && value.length <= LONGEST_TEXT) return value
  throw new WrongMessage(`a wrong '${name}'`)
}

function oneOf<Word extends string>(message: Fields, name: string, words: readonly Word[]): Word {
  const word = words.find(each => each === message[name])
  if (word !== undefined) return word
  throw new WrongMessage(`a wrong '${name}'`)
}
