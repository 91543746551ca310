// What stands at a socket path: nothing, a server that lives, or what a dead one left behind. Under the lock it clears
// away the last; it takes no lock itself.
import { type BigIntStats, lstatSync, unlinkSync } from 'node:fs'
import { type Status, type Transport, UV_ECONNREFUSED, UV_ENOENT } from '@x/core/transport'
import { setTimeout } from '../host'

/** How long a server may take to end a connection that we made to see whether it lives. */
const PARTING_MS = 1000

/** Which file it is: a path alone may mean another one by now. */
export interface FileIdentity {
  readonly dev: bigint
  readonly ino: bigint
}

/** `taken`: a server that lives, or something that is not for us to remove. */
export type Occupant = 'none' | 'stale' | 'taken'

/** `bigint`: after another call on a socket, Node 20 and 22 no longer follow the links of modules. */
function statOf(path: string): BigIntStats {
  return lstatSync(path, { bigint: true })
}

/** The socket file at the path; null where there is none, or something else. */
export function identify(path: string): FileIdentity | null {
  try {
    const { dev, ino } = statOf(path)
    return { dev, ino }
  } catch {
    return null
  }
}

export function isSameFile(path: string, identity: FileIdentity): boolean {
  const now = identify(path)
  return now !== null && now.dev === identity.dev && now.ino === identity.ino
}

/**
 * Makes the path free where a dead server's socket is all that stands there. To be called under the lock of the path: a
 * server that has bound and does not listen yet looks dead.
 *
 * A socket is dead where connecting to it is refused (unix(7)). One that belongs to anybody but `owners` is left alone,
 * and so is anything that is no socket.
 */
export async function clearStale(
  path: string,
  transport: Transport,
  owners: readonly number[],
): Promise<Occupant> {
  let stat: BigIntStats
  try {
    stat = statOf(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'none'
    throw error
  }
  if (!stat.isSocket() || !owners.includes(Number(stat.uid))) return 'taken'
  const status = await probe(path, transport)
  if (status === UV_ENOENT) return 'none'
  if (status !== UV_ECONNREFUSED || !isSameFile(path, stat)) return 'taken'
  unlinkSync(path)
  return 'stale'
}

/** 0 or any failure but two means that it lives. */
function probe(path: string, transport: Transport): Promise<Status> {
  if (transport.descriptors !== null) return Promise.resolve(transport.descriptors.probe(path))
  return probeByConnecting(path, transport)
}

// A full backlog answers EAGAIN, a socket of another type EPROTOTYPE: those live. What lives sees a client that says
// nothing, and ends: closing at once would look like a broken connection to it, where it has sent something.
function probeByConnecting(path: string, transport: Transport): Promise<Status> {
  return new Promise(resolve => {
    const stream = transport.stream('pipe')
    const close = () => stream.close()
    const finish = (status: Status) => {
      resolve(status)
      if (status < 0) return close()
      stream.readStart({ onData() {}, onEnd: close, onError: close })
      stream.shutdown(() => {})
      setTimeout(close, PARTING_MS).unref()
    }
    const status = stream.connect({ path }, finish)
    if (status < 0) finish(status)
  })
}
