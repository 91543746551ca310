// Leases between processes that are not parent and child: the descriptor goes over a local socket (SCM_RIGHTS). It knows
// how one is asked for, sent and confirmed; what a lease is, it does not.
import {
  abortError,
  systemError,
  unsupported,
  validateAbortSignal,
  validateFunction,
  validateObject,
  validateString,
} from '@x/core/internal'
import {
  type HandoffChannel,
  type ListenerHandle,
  type StreamHandle,
  selectTransport,
  type Transport,
  UV_ENOTSUP,
} from '@x/core/transport'
import { optionsOf } from '../arguments'
import { startTimer } from '../simulation/own-time'
import type { PortLease } from './port-lease'

/** A port that another process leased and gave here; `server.listen(received)` takes it. */
export interface ReceivedLease {
  readonly fd: number
  readonly host: string
  readonly port: number
}

/** The receiver's words. Who says anything else, or nothing, gets nothing. */
const REQUEST = 'x-testkit lease, please\n'
const CONFIRMATION = 'x-testkit lease taken\n'
/** How long a process that connects has for each of them. */
const PATIENCE_MS = 1000

/**
 * Offers a lease at `path` until a process has taken it with `receiveLease(path)`. Resolves once that process has
 * confirmed it; this process's copy is released then. Only processes of the same user get it, and only those that
 * ask; all others are refused, and one that goes away before it has confirmed leaves the lease on offer.
 *
 * Rejects with `ERR_X_UNSUPPORTED` on a transport that cannot send descriptors (portable), with the system's error
 * where the path cannot be listened on, with an `AbortError` where `signal` ends the offer.
 */
export async function offerLease(
  lease: PortLease,
  path: string,
  options?: { signal?: AbortSignal },
): Promise<void> {
  const { signal } = optionsOf(options)
  validateObject(lease, 'lease')
  validateFunction(lease.fd, 'lease.fd')
  validateFunction(lease.release, 'lease.release')
  validateString(path, 'path')
  validateAbortSignal(signal, 'options.signal')
  const transport = handoffTransport()
  const told = Buffer.from(JSON.stringify({ host: lease.host, port: lease.port }))
  const isTaken = (stream: StreamHandle) => give(transport, stream, told, lease.fd())
  await offerOneByOne(transport, path, isTaken, signal)
  lease.release()
}

/**
 * Takes the lease that another process offers at `path`. Rejects with the system's error if there is no offer
 * (`ENOENT`, `ECONNREFUSED`), with `ECONNRESET` if the other process went away first or gave the lease to another
 * one.
 */
export async function receiveLease(path: string): Promise<ReceivedLease> {
  validateString(path, 'path')
  const transport = handoffTransport()
  const stream = transport.stream('pipe')
  await new Promise<void>((resolve, reject) => {
    const finish = (status: number) => {
      if (status >= 0) return resolve()
      stream.close()
      reject(systemError(status, 'connect', { address: path }))
    }
    const answer = stream.connect({ path }, finish)
    if (answer < 0) finish(answer)
  })
  const channel = channelOf(transport, stream)
  try {
    const answer = nextMessage(transport, channel, Number.POSITIVE_INFINITY)
    await send(channel, Buffer.from(REQUEST), [])
    const message = await answer
    const [fd] = message?.fds ?? []
    if (!message || fd === undefined) {
      throw Object.assign(new Error('the lease was not sent'), { code: 'ECONNRESET' })
    }
    // Its owner may close it in any way.
    transport.descriptors?.take([fd])
    await send(channel, Buffer.from(CONFIRMATION), [])
    return { ...(JSON.parse(message.data.toString()) as { host: string; port: number }), fd }
  } finally {
    await closed(channel)
  }
}

function handoffTransport(): Transport {
  const { transport } = selectTransport()
  return transport.descriptors === null ? unsupported(transport, 'descriptors') : transport
}

/** Listens, and offers to who comes, one after the other, until one has taken it. */
function offerOneByOne(
  transport: Transport,
  path: string,
  isTaken: (stream: StreamHandle) => Promise<boolean>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const listener: ListenerHandle = transport.listener('pipe')
  const waiting: StreamHandle[] = []
  let isOffering = false
  return new Promise((resolve, reject) => {
    const end = (finish: () => void) => {
      signal?.removeEventListener('abort', onAbort)
      listener.close()
      for (const stream of waiting.splice(0)) stream.close()
      finish()
    }
    const onAbort = () => end(() => reject(abortError(signal?.reason)))
    const offerNext = async () => {
      isOffering = true
      for (let stream = waiting.shift(); stream; stream = waiting.shift()) {
        if (await isTaken(stream)) return end(resolve)
      }
      isOffering = false
    }
    const listened = (status: number) => {
      if (status < 0) end(() => reject(systemError(status, 'listen', { address: path })))
    }
    if (signal?.aborted) return onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    const bound = listener.bind({ path }, { mode: 0o600 })
    if (bound < 0) return listened(bound)
    const accept = (_status: number, stream: StreamHandle | null) => {
      if (stream) waiting.push(stream)
      if (!isOffering) offerNext().catch(error => end(() => reject(error)))
    }
    listened(listener.listen(8, accept, listened))
  })
}

/** Gives the descriptor to a process that asks for it. True: it has confirmed. */
async function give(transport: Transport, stream: StreamHandle, told: Buffer, fd: number): Promise<boolean> {
  const peer = stream.peerCredentials()
  if (typeof peer === 'number' || peer.uid !== process.getuid?.()) {
    stream.close()
    return false
  }
  const channel = channelOf(transport, stream)
  try {
    const request = await nextMessage(transport, channel, PATIENCE_MS)
    transport.descriptors?.close(request?.fds ?? [])
    if (request?.data.toString() !== REQUEST) return false
    const confirmation = nextMessage(transport, channel, PATIENCE_MS)
    await send(channel, told, [fd])
    return (await confirmation)?.data.toString() === CONFIRMATION
  } catch {
    // It went away in the middle: the next may have it.
    return false
  } finally {
    await closed(channel)
  }
}

/** What comes next; null where the other side ends, fails or is silent for too long. */
function nextMessage(
  transport: Transport,
  channel: HandoffChannel,
  patienceMs: number,
): Promise<{ data: Buffer; fds: readonly number[] } | null> {
  return new Promise(resolve => {
    let isSettled = false
    const settle = (message: { data: Buffer; fds: readonly number[] } | null) => {
      // Descriptors that nobody waits for are closed.
      if (isSettled) transport.descriptors?.close(message?.fds ?? [])
      isSettled = true
      stopTimer()
      channel.pause()
      resolve(message)
    }
    const stopTimer = startTimer(patienceMs, () => settle(null))
    channel.receive({
      onMessage: (data, fds) => settle({ data, fds }),
      onEnd: () => settle(null),
      onError: () => settle(null),
    })
  })
}

function send(channel: HandoffChannel, data: Buffer, fds: readonly number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (status: number) => (status < 0 ? reject(systemError(status, 'sendmsg')) : resolve())
    const answer = channel.send(data, fds, finish)
    if (answer !== 0) finish(answer)
  })
}

function closed(channel: HandoffChannel): Promise<void> {
  return new Promise(resolve => channel.close(resolve))
}

function channelOf(transport: Transport, stream: StreamHandle): HandoffChannel {
  const channel = transport.descriptors?.channel(stream.release()) ?? UV_ENOTSUP
  if (typeof channel === 'number') throw systemError(channel, 'recvmsg')
  return channel
}
