// The native transport: hands out streams and listeners on the addon. What it can do depends on the platform alone.
import type { Feature, HandleKind, ListenerHandle, Status, StreamHandle, Transport } from '../contract'
import type { Addon, Events, HandleId } from './addon'
import { NativeListener } from './listener'
import { NativeStream, type Request } from './stream'

const events: Events = [
  function (this: NativeListener, status, id) {
    this.onAccept(status, id)
  } as Events[0],
  function (this: NativeStream, size) {
    this.onRead(size)
  } as Events[1],
  function (this: NativeStream, chunk) {
    this.onReadSlab(chunk)
  } as Events[2],
  finish,
  finish,
  finish,
  function (this: NativeStream | NativeListener) {
    this.onClosed()
  } as Events[6],
  () => {},
  () => {},
]

function finish(this: Request | unknown, status: Status): void {
  ;(this as Request).finish(status)
}

export class NativeTransport implements Transport {
  readonly name = 'native'
  readonly #addon: Addon
  readonly #scratch: Buffer
  readonly #wrap: (kind: HandleKind, id: HandleId) => StreamHandle

  constructor(addon: Addon) {
    this.#addon = addon
    this.#scratch = addon.setup(events)
    this.#wrap = (kind, id) => new NativeStream(addon, this.#scratch, kind, id)
  }

  supports(feature: Feature): boolean {
    switch (feature) {
      case 'abstract-path':
        return process.platform === 'linux'
      case 'handoff':
      case 'relay':
        return false
      default:
        return true
    }
  }

  listener(kind: HandleKind): ListenerHandle {
    return new NativeListener(this.#addon, kind, this.#wrap)
  }

  stream(kind: HandleKind): StreamHandle {
    return new NativeStream(this.#addon, this.#scratch, kind)
  }

  adopt(fd: number, as: 'listener'): ListenerHandle | Status
  adopt(fd: number, as: 'stream'): StreamHandle | Status
  adopt(fd: number, as: 'listener' | 'stream'): ListenerHandle | StreamHandle | Status {
    if (as === 'stream') {
      const id = this.#addon.streamFrom(fd)
      return id < 0 ? id : this.#wrap(this.#addon.kindOf(id) === 0 ? 'tcp' : 'pipe', id)
    }
    const kind = this.#addon.listenerKind(fd)
    if (kind < 0) return kind
    const listener = new NativeListener(this.#addon, kind === 0 ? 'tcp' : 'pipe', this.#wrap)
    const status = listener.take(fd)
    if (status === 0) return listener
    listener.close()
    return status
  }
}
