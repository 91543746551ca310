// How replies look on the wire, in RESP2 and RESP3 (the Redis serialization protocol specification). Text is held as
// latin1, one character to a byte, so that any bytes survive; it knows no command and no connection.

/** A reply ready to be sent: bytes, or latin1 text. */
export type Reply = Buffer | string

/** Which edition of the protocol a client speaks: 2 until it asks for 3 with HELLO. */
export type Protocol = 2 | 3

export const OK = Buffer.from('+OK\r\n')
export const PONG = Buffer.from('+PONG\r\n')

export function simple(text: string): string {
  return `+${text}\r\n`
}

/** An error; the first word is its code (`ERR`, `NOPROTO`). Line breaks become spaces, as in Redis. */
export function error(text: string): string {
  return `-${text.replace(/[\r\n]/g, ' ')}\r\n`
}

const SMALL_INTEGERS = Array.from({ length: 1024 }, (_, value) => Buffer.from(`:${value}\r\n`))

export function integer(value: number): Reply {
  return SMALL_INTEGERS[value] ?? `:${value}\r\n`
}

export function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`
}

export function nothing(protocol: Protocol): string {
  return protocol === 3 ? '_\r\n' : '$-1\r\n'
}

/** `items` are encoded replies. */
export function array(items: readonly Reply[]): string {
  return `*${items.length}\r\n${join(items)}`
}

/** An unordered collection: a set in RESP3, an array in RESP2. */
export function set(protocol: Protocol, items: readonly Reply[]): string {
  return `${protocol === 3 ? '~' : '*'}${items.length}\r\n${join(items)}`
}

/** Names with their encoded values: a map in RESP3, a flat array in RESP2. */
export function map(protocol: Protocol, entries: readonly (readonly [name: string, value: Reply])[]): string {
  const head = protocol === 3 ? `%${entries.length}` : `*${entries.length * 2}`
  return `${head}\r\n${entries.map(([name, value]) => bulk(name) + text(value)).join('')}`
}

/** Text for people: a verbatim string in RESP3. */
export function verbatim(protocol: Protocol, body: string): string {
  return protocol === 3 ? `=${body.length + 4}\r\ntxt:${body}\r\n` : bulk(body)
}

/** What was not asked for (a published message): a push in RESP3, an array in RESP2. */
export function push(protocol: Protocol, items: readonly Reply[]): string {
  return `${protocol === 3 ? '>' : '*'}${items.length}\r\n${join(items)}`
}

/**
 * A published message for subscribers of `channel`, or with `pattern` for subscribers of that pattern. `payload` is
 * copied once, whatever the number of subscribers.
 */
export function message(protocol: Protocol, channel: string, payload: Uint8Array, pattern?: string): Buffer {
  const kind = protocol === 3 ? '>' : '*'
  const head =
    pattern === undefined
      ? `${kind}3\r\n$7\r\nmessage\r\n${bulk(channel)}$${payload.length}\r\n`
      : `${kind}4\r\n$8\r\npmessage\r\n${bulk(pattern)}${bulk(channel)}$${payload.length}\r\n`
  const bytes = Buffer.allocUnsafe(head.length + payload.length + 2)
  bytes.write(head, 0, 'latin1')
  bytes.set(payload, head.length)
  bytes.write('\r\n', head.length + payload.length, 'latin1')
  return bytes
}

function join(items: readonly Reply[]): string {
  return items.map(text).join('')
}

function text(reply: Reply): string {
  return typeof reply === 'string' ? reply : reply.toString('latin1')
}
