// A listener whose connections the primary accepts as bare descriptors and gives to workers one by one, on a transport that
// moves descriptors; `portable-listener` does the same with sockets of the host.
import { isTcpAddress, type Transport } from '@x/core/transport'
import type { ListenAsk } from '../both/messages'
import { Dispatcher } from './dispatcher'
import { FirstBytes } from './first-bytes'
import { bind, type Opened } from './listener'
import type { PrimaryOs } from './os'
import type { Incoming, Policy } from './policy'
import { checkedPeek } from './policy/peek'

/** Binds and listens. */
export function openHandover(os: PrimaryOs, ask: ListenAsk, policy: Policy, opened: Opened): void {
  const { transport } = os
  const handle = bind(transport, ask)
  if (typeof handle === 'number') return opened(handle, null)
  const dispatcher = new Dispatcher({
    os,
    policy,
    incoming: (connection, firstBytes) => ({ ...peer(transport, connection as number), firstBytes }),
    release: connections => transport.descriptors?.close(connections as readonly number[]),
    flow: isOpen => void (isOpen ? handle.resume() : handle.pause()),
  })
  const { descriptors } = transport
  const firstBytes =
    policy.peek && descriptors?.peek
      ? new FirstBytes({
          os,
          descriptors,
          peek: checkedPeek(policy.peek),
          ready: (fds, seen) => dispatcher.add(fds, seen),
        })
      : null
  const finish = (status: number): void => {
    if (status < 0) {
      handle.close()
      return opened(status, null)
    }
    opened(0, {
      mode: 'handover',
      join: (worker, listener) => dispatcher.join(worker, listener),
      leave: worker => dispatcher.leave(worker.id),
      changed: worker => dispatcher.changed(worker.id),
      sockname: () => handle.sockname(),
      stopAccepting() {
        handle.close()
        firstBytes?.passAll()
      },
      get isSettled() {
        return firstBytes?.isEmpty !== false && dispatcher.isSettled
      },
      close() {
        handle.close()
        firstBytes?.close()
        dispatcher.close()
      },
    })
  }
  const status = handle.listenDescriptors(
    ask.backlog,
    (accepted, fds) => {
      // Below 0: out of descriptors for now. The transport waits and goes on; what has come waits in the backlog.
      if (accepted < 0) return
      if (firstBytes) firstBytes.add(fds)
      else dispatcher.add(fds)
    },
    finish,
  )
  if (status !== 0) finish(status)
}

function peer(transport: Transport, fd: number): Omit<Incoming, 'firstBytes'> {
  const address = transport.descriptors?.peerOf(fd)
  return typeof address === 'object' && isTcpAddress(address)
    ? { remoteAddress: address.address, remotePort: address.port }
    : { remoteAddress: '', remotePort: 0 }
}
