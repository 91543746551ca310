// When held writes leave: at the end of the event loop's current turn, and at the end of the process. It knows no socket.
import { nextTick } from '../host'

/** Whoever holds writes. */
export interface Holder {
  /** Sends what is held; nothing where nothing is. */
  flush(): void
}

/** In the order of their first held write; the first `count` places are in use. */
let holders: (Holder | null)[] = []
let count = 0
/** The list of the turn before, to be used again. */
let spare: (Holder | null)[] = []
/** What brings the next flush for certain: a tick that is scheduled, or `emitData` or `pushData`, which runs; or nothing. */
let due: 'nothing' | 'tick' | 'data' = 'nothing'
let isExiting = false

/** False once the process (or worker thread) has begun to exit: no tick comes any more. */
export function mayHold(): boolean {
  return !isExiting
}

/** Whether listeners of 'data' run for `emitData` or `pushData`. */
export function isInData(): boolean {
  return due === 'data'
}

/** Has `holder` flush before anything that comes after the current turn: ticks, promises, other events. */
export function flushLater(holder: Holder): void {
  holders[count++] = holder
  if (due !== 'nothing') return
  due = 'tick'
  nextTick(flushAll)
}

interface DataEmitter {
  emit(event: 'data', chunk: Buffer): boolean
  push(chunk: Buffer): boolean
}

/** Emits 'data', then flushes what the listeners wrote without waiting for a tick: the way of most replies. */
export function emitData(stream: DataEmitter, chunk: Buffer): void {
  if (!beginData()) {
    stream.emit('data', chunk)
    return
  }
  try {
    stream.emit('data', chunk)
  } finally {
    endData()
  }
}

/** As `emitData`, for what has to pass by the stream: the first chunk, and those that nobody may listen to. */
export function pushData(stream: DataEmitter, chunk: Buffer): boolean {
  if (!beginData()) return stream.push(chunk)
  try {
    return stream.push(chunk)
  } finally {
    endData()
  }
}

/** False where a flush is to come anyway. */
function beginData(): boolean {
  if (due !== 'nothing') return false
  due = 'data'
  return true
}

function endData(): void {
  if (count > 0) flushAll()
  else due = 'nothing'
}

function flushAll(): void {
  due = 'nothing'
  const flushed = holders
  const flushedCount = count
  holders = spare
  spare = flushed
  count = 0
  let done = 0
  try {
    while (done < flushedCount) {
      const holder = flushed[done] as Holder
      flushed[done++] = null
      holder.flush()
    }
  } finally {
    // A transport threw: the others flush all the same.
    for (; done < flushedCount; done++) {
      flushLater(flushed[done] as Holder)
      flushed[done] = null
    }
  }
}

function flushAtExit(): void {
  isExiting = true
  flushAll()
}

// First among the listeners: what they write is not held. `removeAllListeners('exit')` takes it away from others only.
process.prependListener('exit', flushAtExit)
process.on('removeListener', (_event, listener) => {
  if (listener === flushAtExit) process.prependListener('exit', flushAtExit)
})
