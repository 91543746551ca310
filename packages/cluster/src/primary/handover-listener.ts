// A listener of the primary whose connections go to workers one by one: accepts bare descriptors and places them. On the
// native transport; `portable-listener` does the same with sockets of the host.
import {
  type Address,
  isTcpAddress,
  type ListenerHandle,
  type Status,
  type Transport,
} from '@x/core/transport'
import type { ListenAsk } from '../control/messages'
import type { Policy } from '../policy'
import { Placement, type Taker } from './placement'
import type { PrimaryListener } from './registry'
import { shortPath } from './short-path'

export interface HandoverListener extends PrimaryListener {
  readonly mode: 'handover'
  readonly placement: Placement<number>
}

/** Binds and listens; `done` once. */
export function openHandover(
  transport: Transport,
  ask: ListenAsk,
  policy: Policy,
  workers: { taker(id: number): Taker<number> | undefined; closed(listener: HandoverListener): void },
  done: (status: Status, listener: HandoverListener | null) => void,
): void {
  const handle = bound(transport, ask)
  if (typeof handle === 'number') return done(handle, null)
  const placement = new Placement<number>({
    policy,
    incoming: fd => peer(transport, fd),
    release: fds => transport.descriptors?.close(fds),
    flow: isOpen => (isOpen ? handle.resume() : handle.pause()),
  })
  const listener: HandoverListener = {
    mode: 'handover',
    placement,
    join(worker, id) {
      const found = workers.taker(worker)
      if (found) placement.join(found, id)
    },
    leave: worker => placement.leave(worker),
    sockname: () => handle.sockname(),
    close() {
      handle.close()
      transport.descriptors?.close(placement.close())
      workers.closed(listener)
    },
  }
  const fail = (status: Status): void => {
    handle.close()
    done(status, null)
  }
  const status = handle.listenDescriptors(
    ask.backlog,
    (accepted, fds) => {
      if (accepted >= 0) placement.add(fds)
    },
    outcome => (outcome < 0 ? fail(outcome) : done(0, listener)),
  )
  if (status < 0) fail(status)
  else if (status === 1) done(0, listener)
}

/** A handle bound as a worker asked, or why not. */
export function bound(transport: Transport, ask: ListenAsk): ListenerHandle | Status {
  if ('fd' in ask.at) return transport.adopt(ask.at.fd, 'listener')
  const handle = transport.listener(ask.kind)
  const status = handle.bind('path' in ask.at ? { path: shortPath(ask.at.path) } : ask.at, ask.flags)
  if (status >= 0) return handle
  handle.close()
  return status
}

function peer(transport: Transport, fd: number): { remoteAddress: string; remotePort: number } {
  const address: Address | Status | undefined = transport.descriptors?.peerOf(fd)
  return typeof address === 'object' && isTcpAddress(address)
    ? { remoteAddress: address.address, remotePort: address.port }
    : { remoteAddress: '', remotePort: 0 }
}
