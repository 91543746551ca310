// What the native tests stand on: the transport itself, pairs of connected streams, and waiting for callbacks.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach } from 'vitest'
import {
  type Address,
  type DescriptorOperations,
  isTcpAddress,
  type ListenerHandle,
  loadNative,
  type ReadSink,
  type Status,
  type StreamHandle,
  type Transport,
} from '../../src/transport'

const loaded = loadNative()

/** Why the native transport is not here; null where it is. */
export const absent: string | null = loaded.transport === null ? loaded.reason : null

export const native = loaded.transport as Transport

/** What the native transport does with bare descriptors. */
export const descriptors = native?.descriptors as DescriptorOperations

const cleanups: (() => unknown)[] = []

/** Runs after the test, last registered first. */
export function after(cleanup: () => unknown): void {
  cleanups.push(cleanup)
}

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'x-native-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function closed(handle: { close(done?: () => void): void }): Promise<void> {
  return new Promise(resolve => handle.close(resolve))
}

export function opened<T extends object>(handle: T | Status): T {
  if (typeof handle === 'number') throw new Error(`refused with ${handle}`)
  return handle
}

export interface Listening {
  readonly listener: ListenerHandle
  readonly at: Address
  next(): Promise<StreamHandle>
}

/** A listener on a free port of 127.0.0.1, or on a path. */
export function listening(at: Address = { family: 'IPv4', address: '127.0.0.1', port: 0 }): Listening {
  const listener = native.listener(isTcpAddress(at) ? 'tcp' : 'pipe')
  const waiting: ((stream: StreamHandle) => void)[] = []
  const ready: StreamHandle[] = []
  const bound = listener.bind(at)
  if (bound < 0) throw new Error(`bind: ${bound}`)
  const accept = (_status: Status, stream: StreamHandle | null) => {
    if (stream === null) return
    const take = waiting.shift()
    if (take) take(stream)
    else ready.push(stream)
  }
  const status = listener.listen(511, accept, () => {})
  if (status !== 1) throw new Error(`listen: ${status}`)
  after(() => closed(listener))
  const next = () => {
    const stream = ready.shift()
    return stream ? Promise.resolve(stream) : new Promise<StreamHandle>(resolve => waiting.push(resolve))
  }
  return { listener, at: listener.sockname() as Address, next }
}

export function connected(to: Address): Promise<StreamHandle> {
  const stream = native.stream(isTcpAddress(to) ? 'tcp' : 'pipe')
  after(() => closed(stream))
  return new Promise((resolve, reject) => {
    const done = (status: Status) => (status < 0 ? reject(new Error(`connect: ${status}`)) : resolve(stream))
    const status = stream.connect(to, done)
    if (status < 0) reject(new Error(`connect: ${status}`))
  })
}

/** How a connect ends, whether it is told at once or later. */
export function connectOutcome(stream: StreamHandle, to: Address): Promise<Status> {
  return new Promise(resolve => {
    const status = stream.connect(to, resolve)
    if (status < 0) resolve(status)
  })
}

/** The connecting and the accepted end of one connection. */
export async function pair(at?: Address): Promise<[StreamHandle, StreamHandle]> {
  const { listener, at: to, next } = listening(at)
  const [client, server] = await Promise.all([connected(to), next()])
  after(() => closed(server))
  await closed(listener)
  return [client, server]
}

export interface Reading {
  /** All bytes, once the peer has ended. */
  readonly whole: Promise<Buffer>
  /** As soon as this many have come. */
  atLeast(size: number): Promise<Buffer>
}

export function reading(stream: StreamHandle, more: Partial<ReadSink> = {}): Reading {
  const chunks: Buffer[] = []
  let size = 0
  let check = () => {}
  const whole = new Promise<Buffer>((resolve, reject) => {
    const status = stream.readStart({
      onData(chunk) {
        chunks.push(chunk)
        size += chunk.length
        check()
      },
      onEnd: () => resolve(Buffer.concat(chunks)),
      onError: status => reject(new Error(`read: ${status}`)),
      ...more,
    })
    if (status < 0) reject(new Error(`readStart: ${status}`))
  })
  whole.catch(() => {})
  const atLeast = (wanted: number) =>
    new Promise<Buffer>((resolve, reject) => {
      check = () => {
        if (size >= wanted) resolve(Buffer.concat(chunks))
      }
      whole.catch(reject)
      check()
    })
  return { whole, atLeast }
}

export function written(stream: StreamHandle, ...chunks: Uint8Array[]): Promise<Status> {
  return new Promise(resolve => {
    const status = stream.write(chunks, resolve)
    if (status !== 0) resolve(status)
  })
}

export function ended(stream: StreamHandle): Promise<Status> {
  return new Promise(resolve => {
    const status = stream.shutdown(resolve)
    if (status < 0) resolve(status)
  })
}

/** How many descriptors this process has open. */
export function descriptorCount(): number {
  return readdirSync('/proc/self/fd').length
}
