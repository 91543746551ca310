// Where a connection goes by the server name that its TLS ClientHello asks for. It knows bytes, no sockets.
import { validateFunction } from '@x/core/internal'
import type { Candidate, Incoming, PeekOptions, Policy } from './policy'

const HANDSHAKE = 22
const CLIENT_HELLO = 1
const SERVER_NAME = 0
const HOST_NAME = 0
const RECORD_HEAD = 5

/** What is read must be there: past the end of the bytes, more are wanted. */
class Short extends Error {}

/** Reads numbers and pieces with a length in front, in the order of the wire. */
class Cursor {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  number(size: 1 | 2 | 3): number {
    return this.take(size).readUIntBE(0, size)
  }

  take(size: number): Buffer {
    const end = this.#at + size
    if (end > this.#bytes.length) throw new Short()
    const piece = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return piece
  }

  /** A piece behind its length. */
  piece(lengthSize: 1 | 2 | 3): Cursor {
    return new Cursor(this.take(this.number(lengthSize)))
  }
}

/**
 * The server name (SNI) in the first bytes of a TLS connection, in lower case. Null if they contain none, or are not a
 * ClientHello; undefined if more bytes are needed. Never throws, whatever the bytes are. Source: RFC 8446, section
 * 4.1.2, RFC 6066, section 3.
 */
export function serverName(bytes: Uint8Array): string | null | undefined {
  const given = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { handshake, isWhole } = joinRecords(given)
  if (handshake === null) return null
  try {
    return nameOfHello(new Cursor(handshake))
  } catch (error) {
    if (!(error instanceof Short)) throw error
    // A length inside the hello that points beyond it, or a hello that is not whole.
    return isWhole ? null : undefined
  }
}

/** The handshake's bytes out of the records that carry them; null where these are other records. */
function joinRecords(bytes: Buffer): { handshake: Buffer | null; isWhole: boolean } {
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] !== HANDSHAKE || (at + 1 < bytes.length && bytes[at + 1] !== 3))
      return { handshake: parts.length > 0 ? Buffer.concat(parts) : null, isWhole: true }
    if (at + RECORD_HEAD > bytes.length) break
    const end = at + RECORD_HEAD + bytes.readUInt16BE(at + 3)
    parts.push(bytes.subarray(at + RECORD_HEAD, end))
    at = end
  }
  const handshake = Buffer.concat(parts)
  if (handshake.length > 0 && handshake[0] !== CLIENT_HELLO) return { handshake: null, isWhole: true }
  const isWhole = handshake.length >= 4 && handshake.length >= 4 + handshake.readUIntBE(1, 3)
  return { handshake, isWhole }
}

function nameOfHello(message: Cursor): string | null {
  message.number(1)
  const hello = message.piece(3)
  hello.take(2 + 32) // version and random
  hello.piece(1) // session
  hello.piece(2) // cipher suites
  hello.piece(1) // compression
  if (hello.isAtEnd) return null
  const extensions = hello.piece(2)
  while (!extensions.isAtEnd) {
    const type = extensions.number(2)
    const extension = extensions.piece(2)
    if (type === SERVER_NAME) return hostName(extension)
  }
  return null
}

function hostName(extension: Cursor): string | null {
  if (extension.isAtEnd) return null
  const names = extension.piece(2)
  while (!names.isAtEnd) {
    const type = names.number(1)
    const length = names.number(2)
    const name = names.take(length)
    if (type === HOST_NAME && length > 0) return name.toString('latin1').toLowerCase()
  }
  return null
}

/**
 * A policy that chooses by the server name (SNI) that a TLS client sends, before a worker gets the untouched connection.
 * `choose` gets null if the client sends no name, or not in time; its choice is binding, as with `isBinding`. `peek` limits
 * the bytes and the time (a ClientHello is seldom over 4 KiB). Throws `ERR_INVALID_ARG_TYPE` if `choose` is not a function.
 * Needs the native transport on Linux; elsewhere `startCluster` rejects and `setupPrimary` throws (`ERR_X_UNSUPPORTED`).
 */
export function byServerName(
  choose: (name: string | null, candidates: readonly Candidate[], incoming: Incoming) => Candidate | null,
  peek: Omit<PeekOptions, 'isEnough'> = {},
): Policy {
  validateFunction(choose, 'choose')
  return {
    name: 'server-name',
    needsAddress: true,
    isBinding: true,
    peek: { maxBytes: 16_384, ...peek, isEnough: bytes => serverName(bytes) !== undefined },
    pick: (candidates, incoming) => choose(serverName(incoming.firstBytes) ?? null, candidates, incoming),
  }
}
