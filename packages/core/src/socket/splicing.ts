// `a.pipe(b)` between two sockets, inside the system: for as long as nobody but `pipe` looks at the bytes, they go from one
// connection to the other without passing by. It decides when that is so, and moves nothing itself.
import { EventEmitter } from 'node:events'
import { Duplex, Readable, Writable } from 'node:stream'
import type { SpliceGate } from '../transport/contract'
import type { Connection } from './connection'
import { kState, type StatefulDuplex } from './state'

// The gate is asked while the transport allows no call: nothing that a program has put on a socket runs then.
const { rawListeners, listenerCount } = EventEmitter.prototype
const isWritable = Object.getOwnPropertyDescriptor(Writable.prototype, 'writable')!.get!
const isFlowing = Object.getOwnPropertyDescriptor(Readable.prototype, 'readableFlowing')!.get!
const bufferedLength = Object.getOwnPropertyDescriptor(Readable.prototype, 'readableLength')!.get!

/** What a socket's own `write` calls. */
const inherited = Duplex.prototype
const inheritedWrite = inherited.write

/** A socket's methods as they are unless somebody has put others in their place. */
export interface OwnMethods {
  readonly emit: unknown
  readonly push: unknown
  readonly write: unknown
  readonly _write: unknown
  readonly _writev: unknown
}

/** Whether the methods to which `write` passes a chunk are those of this package and of Node: no other has to see each write. */
export function areWritesUnseen(socket: Duplex, own: OwnMethods): boolean {
  return socket._write === own._write && socket._writev === own._writev && inherited.write === inheritedWrite
}

/** Has `source`, which is piped into `target` alone, move its bytes inside the system, where that shows to nobody. */
export function spliceInto(source: StatefulDuplex, target: StatefulDuplex, own: OwnMethods): void {
  const from = source[kState].phase
  const to = target[kState].phase
  if (from.kind !== 'connected' || to.kind !== 'connected') return
  const listener = rawListeners.call(source, 'data')[0]
  if (listener === undefined || !isPipes('data', listener)) return
  const splicing = new Splicing({ source, target, from, to, listener, own })
  if (splicing.isUndisturbed()) from.handle.splice(to.handle, splicing)
}

interface Ends {
  readonly source: StatefulDuplex
  readonly target: StatefulDuplex
  readonly from: Connection
  readonly to: Connection
  /** What `pipe` has listening to 'data'. */
  readonly listener: unknown
  readonly own: OwnMethods
}

class Splicing implements SpliceGate {
  readonly #ends: Ends

  constructor(ends: Ends) {
    this.#ends = ends
  }

  mayMove(): boolean | null {
    const { from, to } = this.#ends
    if (!this.isUndisturbed()) return null
    if (!to.isQuiet) return false
    from.activity.touch()
    to.activity.touch()
    return true
  }

  /** `pipe` is the only one that would see the bytes between here and there, and would write them on as they are. */
  isUndisturbed(): boolean {
    const { source, target, from, to, listener, own } = this.#ends
    const { pipes, decoder } = (source as unknown as ReadableInside)._readableState
    const data = rawListeners.call(source, 'data')
    return (
      source[kState].phase === from &&
      target[kState].phase === to &&
      pipes.length === 1 &&
      pipes[0] === target &&
      data.length === 1 &&
      data[0] === listener &&
      isFlowing.call(source) === true &&
      bufferedLength.call(source) === 0 &&
      !decoder &&
      source[kState].seldom.onread === null &&
      source.emit === own.emit &&
      source.push === own.push &&
      listenerCount.call(source, 'readable') === 0 &&
      listenerCount.call(source, 'pause') === 0 &&
      listenerCount.call(source, 'resume') === 0 &&
      isWritable.call(target) &&
      target.emit === own.emit &&
      target.write === own.write &&
      areWritesUnseen(target, own) &&
      rawListeners.call(target, 'drain').every(drain => isPipes('drain', drain))
    )
  }
}

interface ReadableInside {
  readonly _readableState: { readonly pipes: readonly unknown[]; readonly decoder: unknown }
}

/** The text of each listener that Node's `pipe` adds, and those that have been found to have it. */
const texts = readTexts()
const known = new WeakSet<object>()

/** Whether Node's `pipe` has made a listener: nothing else tells it from a user's. */
function isPipes(event: 'data' | 'drain', listener: unknown): boolean {
  if (typeof listener !== 'function') return false
  if (known.has(listener)) return true
  const isKnown = textOf(listener) === texts[event]
  if (isKnown) known.add(listener)
  return isKnown
}

/** As `pipe` of this Node adds them; the second once the target has enough. */
function readTexts(): { data: string; drain: string } {
  const source = new Readable({ read() {} })
  const target = new Writable({ highWaterMark: 1, write() {} })
  source.pipe(target)
  source.emit('data', Buffer.from('enough'))
  const found = {
    data: textOf(source.rawListeners('data')[0]),
    drain: textOf(rawListeners.call(target, 'drain')[0]),
  }
  source.destroy()
  target.destroy()
  return found
}

function textOf(listener: unknown): string {
  return typeof listener === 'function' ? Function.prototype.toString.call(listener) : ''
}
