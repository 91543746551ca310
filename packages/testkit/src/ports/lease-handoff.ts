// Leases between processes that are not parent and child: the descriptor goes over a local socket (SCM_RIGHTS). It knows
// how one is sent and received; what a lease is, it does not.
import { systemError, unsupported } from '@x/core/internal'
import {
  type HandoffChannel,
  type ListenerHandle,
  type StreamHandle,
  selectTransport,
  type Transport,
  UV_ENOTSUP,
} from '@x/core/transport'
import type { PortLease } from './port-lease'

/** A port that another process leased and gave here; `server.listen(received)` takes it. */
export interface ReceivedLease {
  readonly fd: number
  readonly host: string
  readonly port: number
}

/**
 * Gives a lease to the first process that asks for it at `path` with `receiveLease(path)`. Resolves once it has been
 * sent; this process's copy is released then.
 *
 * Rejects with `ERR_X_UNSUPPORTED` on a transport that cannot send descriptors (portable), with the system's error
 * where the path cannot be listened on.
 */
export async function offerLease(lease: PortLease, path: string): Promise<void> {
  const transport = handoffTransport()
  const stream = await acceptOne(transport, path)
  const channel = channelOf(transport, stream)
  const told = Buffer.from(JSON.stringify({ host: lease.host, port: lease.port }))
  await new Promise<void>((resolve, reject) => {
    const finish = (status: number) => (status < 0 ? reject(systemError(status, 'sendmsg')) : resolve())
    const answer = channel.send(told, [lease.fd()], finish)
    if (answer !== 0) finish(answer)
  })
  await new Promise<void>(resolve => channel.close(resolve))
  lease.release()
}

/**
 * Takes the lease that another process offers at `path`. Rejects with the system's error where nobody does
 * (`ENOENT`, `ECONNREFUSED`), with `ECONNRESET` where it went away first.
 */
export async function receiveLease(path: string): Promise<ReceivedLease> {
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
    return await new Promise<ReceivedLease>((resolve, reject) => {
      const lost = () => reject(Object.assign(new Error('the lease was not sent'), { code: 'ECONNRESET' }))
      channel.receive({
        onMessage: (data, fds) => {
          const [fd] = fds
          if (fd === undefined) return lost()
          // Its owner may close it in any way.
          transport.descriptors?.take(fds)
          resolve({ ...(JSON.parse(data.toString()) as { host: string; port: number }), fd })
        },
        onEnd: lost,
        onError: lost,
      })
    })
  } finally {
    channel.close()
  }
}

function handoffTransport(): Transport {
  const { transport } = selectTransport()
  return transport.descriptors === null ? unsupported(transport, 'descriptors') : transport
}

function acceptOne(transport: Transport, path: string): Promise<StreamHandle> {
  const listener: ListenerHandle = transport.listener('pipe')
  return new Promise((resolve, reject) => {
    const finish = (status: number) => {
      if (status >= 0) return
      listener.close()
      reject(systemError(status, 'listen', { address: path }))
    }
    const bound = listener.bind({ path }, { mode: 0o600 })
    if (bound < 0) return finish(bound)
    const accept = (_status: number, stream: StreamHandle | null) => {
      if (!stream) return
      listener.close()
      resolve(stream)
    }
    finish(listener.listen(1, accept, finish))
  })
}

function channelOf(transport: Transport, stream: StreamHandle): HandoffChannel {
  const channel = transport.descriptors?.channel(stream.release()) ?? UV_ENOTSUP
  if (typeof channel === 'number') throw systemError(channel, 'recvmsg')
  return channel
}
