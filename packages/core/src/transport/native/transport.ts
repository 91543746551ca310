// The native transport: hands out streams and listeners on the addon. What it can do depends on the platform alone.

import { isMainThread } from 'node:worker_threads'
import { UV_EINVAL } from '../../errors/errno'
import { platform } from '../../host'
import type {
  DescriptorOperations,
  Feature,
  HandleKind,
  ListenerHandle,
  Status,
  StreamHandle,
  Transport,
} from '../contract'
import type { Addon, Events, HandleId, RequestObject } from './addon'
import { MOST_DESCRIPTORS, NativeChannel } from './channel'
import { DescriptorSlots } from './descriptor-slots'
import { NativeListener } from './listener'
import { Peeker } from './peeker'
import { ReadCopies } from './read-copies'
import { NativeStream, type OpenStreams, type StreamHost } from './stream'

/** In the order of `Events`. `streams` are those that are open, by their place in the addon's table. */
function eventsOf(streams: OpenStreams): Events {
  return [
    function (status, stream) {
      this.onAccept(status, stream)
    },
    function (status) {
      this.onDescriptors(status)
    },
    (place, size) => {
      streams[place]?.heardRead(size)
    },
    (place, size, arena) => {
      streams[place]?.heardArena(size === arena.length ? arena : arena.subarray(0, size))
    },
    finish,
    finish,
    (place, status) => {
      streams[place]?.heardShutdown(status)
    },
    place => {
      const stream = streams[place]
      streams[place] = undefined
      stream?.heardClosed()
    },
    function () {
      this.onClosed()
    },
    function (size, truncated) {
      this.onMessage(size, truncated)
    },
    place => streams[place]?.heardArrival() ?? -1,
    function (status) {
      this.onShortage(status)
    },
    function () {
      this.onReadable()
    },
    function (id) {
      return this.makeStream(id)
    },
  ]
}

function finish(this: RequestObject, status: Status): void {
  this.finish(status)
}

export class NativeTransport implements Transport {
  readonly name = 'native'
  readonly #addon: Addon
  readonly #hosts: Readonly<Record<HandleKind, StreamHost>>
  readonly #slots: DescriptorSlots
  readonly #wrap: (kind: HandleKind, id: HandleId) => StreamHandle
  readonly descriptors: DescriptorOperations
  readonly lookup = null
  readonly clock = null

  constructor(addon: Addon) {
    const streams: OpenStreams = []
    const memory = addon.setup(eventsOf(streams), isMainThread)
    if (typeof memory === 'number') throw new Error(`its setup answers ${memory}`)
    const shared = { addon, reads: new ReadCopies(memory), streams }
    this.#addon = addon
    this.#hosts = { tcp: { ...shared, kind: 'tcp' }, pipe: { ...shared, kind: 'pipe' } }
    this.#slots = new DescriptorSlots(addon, memory)
    this.#wrap = (kind, id) => NativeStream.accepted(this.#hosts[kind], id)
    this.descriptors = descriptorOperations(addon, memory, this.#slots)
  }

  supports(feature: Feature): boolean {
    return feature !== 'abstract-path' || platform === 'linux'
  }

  listener(kind: HandleKind): ListenerHandle {
    return new NativeListener(this.#addon, this.#slots, kind, this.#wrap)
  }

  stream(kind: HandleKind): StreamHandle {
    return NativeStream.unconnected(this.#hosts[kind])
  }

  adopt(fd: number, as: 'listener'): ListenerHandle | Status
  adopt(fd: number, as: 'stream', kind?: HandleKind): StreamHandle | Status
  adopt(fd: number, as: 'listener' | 'stream', known?: HandleKind): ListenerHandle | StreamHandle | Status {
    if (as === 'stream') {
      const id = this.#addon.streamFrom(fd, known === undefined ? -1 : known === 'tcp' ? 0 : 1)
      if (id < 0) return id
      const kind = known ?? (this.#addon.kindOf(id) === 0 ? 'tcp' : 'pipe')
      return NativeStream.adopted(this.#hosts[kind], id)
    }
    const kind = this.#addon.listenerKind(fd)
    if (kind < 0) return kind
    const listener = new NativeListener(this.#addon, this.#slots, kind === 0 ? 'tcp' : 'pipe', this.#wrap)
    const status = listener.take(fd)
    if (status === 0) return listener
    listener.close()
    return status
  }
}

function descriptorOperations(addon: Addon, scratch: Buffer, slots: DescriptorSlots): DescriptorOperations {
  return {
    channel: fd => NativeChannel.open(addon, scratch, slots, fd),
    socketPair() {
      const status = addon.socketPair()
      return status < 0 ? status : (slots.answered() as [number, number])
    },
    duplicate: fd => addon.duplicate(fd),
    peerOf: fd => addon.peerOf(fd),
    take: fds => slots.take(fds),
    close: fds => slots.close(fds),
    lockFile: fd => addon.lockFile(fd),
    probe: path => addon.probe(path),
    closeOnExec: fd => addon.closeOnExec(fd),
    sendDatagram: (path, data, fds) =>
      fds.length > MOST_DESCRIPTORS ? UV_EINVAL : addon.sendDatagram(path, data, slots.pass(fds)),
    peek: Peeker.over(addon, slots),
    openSocket: (family, isMultipath) => addon.openSocket(family === 'IPv6', isMultipath),
    optionNumbers() {
      const numbers = addon.optionNumbers()
      return typeof numbers === 'number' ? [] : numbers
    },
    setOption: (fd, level, name, value) => addon.setOption(fd, level, name, value),
    getOption: (fd, level, name, into) => addon.getOption(fd, level, name, into),
  }
}
