// The addon as TypeScript sees it: the functions that native/src exports, and how the file is found and loaded. It knows
// no transport.

import { existsSync } from 'node:fs'
import path from 'node:path'
import { arch, platform } from '../../host'
import { packageFolder } from '../../package-folder'
import type { Address, Status, StreamHandle } from '../contract'
import { isMusl } from './c-library'

/** Names a native handle; 0 is none. A stale id is answered with `UV_EBADF`. */
export type HandleId = number

/** A handle's place in the addon's table: part of its id, and another handle's once it has closed. */
export type HandlePlace = number

/** INDEX_BITS in native/src/instance.c. */
const PLACE_BITS = 20

/** Where a handle is. */
export function placeOf(id: HandleId): HandlePlace {
  return id & ((1 << PLACE_BITS) - 1)
}

/** The objects of handles and requests, as far as the addon calls them. */
interface HandleObject {
  onClosed(): void
}
interface ListenerObject extends HandleObject {
  /** The object of an accepted stream: the resource of its async context. */
  makeStream(id: HandleId): StreamHandle
  onAccept(status: Status, stream: StreamHandle | null): void
  onDescriptors(status: Status): void
}
interface ChannelObject extends HandleObject {
  onMessage(size: number, truncated: boolean): void
  onShortage(status: Status): void
}
interface WatcherObject extends HandleObject {
  onReadable(): void
}
export interface RequestObject {
  finish(status: Status): void
}

/**
 * What the addon calls, in the order of `x_event` in native/src/x-net.h, in the async context of the handle or request. `this`
 * is its object; the events of streams have none, and are told by the stream's place.
 */
export type Events = readonly [
  accept: (this: ListenerObject, status: Status, stream: StreamHandle | null) => void,
  descriptors: (this: ListenerObject, status: Status) => void,
  read: (place: HandlePlace, size: number) => void,
  readArena: (place: HandlePlace, size: number, arena: Buffer) => void,
  connect: (this: RequestObject, status: Status) => void,
  written: (this: RequestObject, status: Status) => void,
  shutdown: (place: HandlePlace, status: Status) => void,
  streamClosed: (place: HandlePlace) => void,
  closed: (this: HandleObject) => void,
  message: (this: ChannelObject, size: number, truncated: boolean) => void,
  mayMove: (place: HandlePlace) => number,
  shortage: (this: ChannelObject, status: Status) => void,
  readable: (this: WatcherObject) => void,
  makeStream: (this: ListenerObject, id: HandleId) => StreamHandle,
]

/** Descriptors go by `DescriptorSlots`: `passed` says how many there are for the call. */
export interface Addon {
  /** Takes the events and answers the memory that both sides see, or a status; once, before all else. */
  setup(events: Events, isMainThread: boolean): Buffer | Status
  /** Handles that are not fully closed; for tests. */
  live(): number

  close(id: HandleId, tell: boolean): Status
  setRef(id: HandleId, on: boolean): Status
  fd(id: HandleId): number
  name(id: HandleId, peer: boolean): Address | Status

  stream(kind: 0 | 1): HandleId
  streamFrom(fd: number, kind: 0 | 1 | -1): HandleId
  kindOf(id: HandleId): number
  openContext(id: HandleId, stream: StreamHandle): Status
  bindStream(id: HandleId, address: string, port: number, flags: number): Status
  connect(id: HandleId, request: object, to: string, port: number): Status
  shutdown(id: HandleId): Status
  reset(id: HandleId, tell: boolean): Status

  readStart(id: HandleId): Status
  readStop(id: HandleId): Status
  readInto(id: HandleId, buffer: Uint8Array | null): Status
  tryWrite(id: HandleId, chunk: Uint8Array, isLast: boolean): number
  tryWritev(id: HandleId, chunks: readonly Uint8Array[]): number
  queueWrite(id: HandleId, request: object, chunks: readonly Uint8Array[], skip: number): Status
  hasPeerLeft(id: HandleId): 0 | 1
  writeQueueSize(id: HandleId): number
  sendFile(id: HandleId, fd: number, offset: number, size: number): number

  noDelay(id: HandleId, enable: boolean): Status
  keepAlive(id: HandleId, enable: boolean, delay: number, interval: number, count: number): Status
  typeOfService(id: HandleId, value: number): number
  credentials(id: HandleId): [pid: number, uid: number, gid: number] | Status
  peerPidfd(id: HandleId): number
  optionNumbers(): number[] | Status
  setOption(fd: number, level: number, name: number, value: Uint8Array): Status
  getOption(fd: number, level: number, name: number, into: Uint8Array): number
  openSocket(isIPv6: boolean, isMultipath: boolean): number

  listener(kind: 0 | 1, object: object): HandleId
  listenerKind(fd: number): number
  takeListener(id: HandleId, fd: number): Status
  bindListener(id: HandleId, address: string, port: number, flags: number): Status
  bindPath(id: HandleId, path: string, mode: number, absolute: string): Status
  keepPath(id: HandleId): Status
  listen(id: HandleId, backlog: number, bare: boolean): Status
  setPaused(id: HandleId, paused: boolean): Status

  channel(fd: number, object: object): HandleId
  trySend(id: HandleId, data: Uint8Array, passed: number): number
  queueSend(id: HandleId, request: object, data: Uint8Array, passed: number, skip: number): Status
  receive(id: HandleId, on: boolean): Status
  receiveInto(id: HandleId, buffer: Buffer): number
  socketPair(): Status
  peerOf(fd: number): Address | Status
  duplicate(fd: number): number
  lockFile(fd: number): Status
  probe(path: string): Status
  closeOnExec(fd: number): Status
  sendDatagram(path: string, data: Uint8Array, passed: number): Status
  takeDescriptors(passed: number): Status
  closeDescriptors(passed: number): Status
  /** Descriptors that came in and that nobody has taken; for tests. */
  unclaimed(): number

  /** Linux only: absent elsewhere. */
  splice?(from: HandleId, to: HandleId): Status
  spliced?(id: HandleId, out: boolean): number
  watcher?(object: object): HandleId
  watch?(id: HandleId, fd: number, token: number): Status
  unwatch?(id: HandleId, fd: number): Status
  peek?(fd: number, buffer: Buffer): number
}

/** Folders that may hold `prebuilds`: the package's root as seen from dist/ and from src/, and a bundle's own folder. */
const roots = [path.join(packageFolder, '..'), packageFolder]

/** Where the binary for the running system is, or null. On Linux it goes by the C library: glibc's or musl's. */
export function findAddon(): string | null {
  const target = `${platform}-${arch}`
  for (const root of roots) {
    const plain = path.join(root, 'prebuilds', target, 'x_net.node')
    const musl = path.join(root, 'prebuilds', `${target}-musl`, 'x_net.node')
    if (platform === 'linux' && existsSync(musl) && isMusl()) return musl
    if (existsSync(plain)) return plain
  }
  return null
}

/** Loads the binary; throws what the loader throws. */
export function openAddon(file: string): Addon {
  const module = { exports: {} }
  process.dlopen(module, file)
  return module.exports as Addon
}
