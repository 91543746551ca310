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
/** A flush is certain to come: a tick is scheduled, or `emitData` runs. */
let isFlushDue = false
let isEmittingData = false
let isExiting = false

/** False once the process (or worker thread) has begun to exit: no tick comes any more. */
export function mayHold(): boolean {
  return !isExiting
}

/** Whether listeners of 'data' run for `emitData`. */
export function isInData(): boolean {
  return isEmittingData
}

/** Has `holder` flush before anything that comes after the current turn: ticks, promises, other events. */
export function flushLater(holder: Holder): void {
  holders[count++] = holder
  if (isFlushDue) return
  isFlushDue = true
  nextTick(flushAll)
}

interface DataEmitter {
  emit(event: 'data', chunk: Buffer): boolean
}

/** Emits 'data', then flushes what the listeners wrote without waiting for a tick: the way of most replies. */
export function emitData(stream: DataEmitter, chunk: Buffer): void {
  if (isFlushDue) {
    stream.emit('data', chunk)
    return
  }
  isFlushDue = isEmittingData = true
  try {
    stream.emit('data', chunk)
  } finally {
    isEmittingData = false
    if (count > 0) flushAll()
    else isFlushDue = false
  }
}

function flushAll(): void {
  isFlushDue = false
  const due = holders
  const dueCount = count
  holders = spare
  spare = due
  count = 0
  let done = 0
  try {
    while (done < dueCount) {
      const holder = due[done] as Holder
      due[done++] = null
      holder.flush()
    }
  } finally {
    // A transport threw: the others flush all the same.
    if (done < dueCount) {
      for (; done < dueCount; done++) {
        flushLater(due[done] as Holder)
        due[done] = null
      }
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
