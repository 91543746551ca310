// What a server of the host gets for its listener: where the world sees it, and the bound socket to listen on, if there is
// one. The host's own server keeps the process alive.
import type { Address, HandleKind, ListenerHandle } from '@x/core/transport'
import { HandoverHandle } from './handover-handle'

export class HostListener extends HandoverHandle {
  /** The host's to listen on and to close; null where the primary accepts. */
  readonly boundFd: number | null

  constructor(kind: HandleKind, at: Address | null, boundFd: number | null, release: () => void) {
    super(kind, at, release)
    this.boundFd = boundFd
    this.unref()
  }
}

export function isHostListener(handle: ListenerHandle): handle is HostListener {
  return handle instanceof HostListener
}
