// Ready-made faults, by the names that toxiproxy gave them, and what makes rules out of rules. Each is one rule.
import { errno } from '@x/core/transport'
import type { Action, Operation, OperationType, Rule } from './rule'

/** Which way: `read` is towards this side, `write` away from it. */
export type Direction = 'read' | 'write' | 'both'

/**
 * What is sent or read comes later, order kept.
 * @param options `ms` milliseconds, `jitterMs` up to that many more (default 0), `on` one direction (default both)
 */
export function latency(options: { ms: number; jitterMs?: number; on?: Direction }): Rule {
  const { ms, jitterMs = 0, on = 'both' } = options
  return operation => {
    if (!isTransfer(operation, on)) return undefined
    return { delayMs: ms + (jitterMs > 0 ? operation.random.next() * jitterMs : 0) }
  }
}

/**
 * At most so many bytes a second, for each connection and direction.
 * @param options `bytesPerSecond`, `on` one direction (default both)
 */
export function bandwidth(options: { bytesPerSecond: number; on?: Direction }): Rule {
  const { bytesPerSecond, on = 'both' } = options
  if (!(bytesPerSecond > 0)) throw new RangeError(`bytesPerSecond cannot be ${bytesPerSecond}`)
  // A tenth of a second's worth at a time, so that it is a rate and not a wait.
  const most = Math.max(1, Math.floor(bytesPerSecond / 10))
  const busyUntil = new Map<string, number>()
  return operation => {
    if (!isTransfer(operation, on)) return undefined
    const key = `${operation.connection} ${isReading(operation)}`
    const bytes = Math.min(operation.bytes, most)
    const start = Math.max(operation.nowMs, busyUntil.get(key) ?? 0)
    const end = start + (bytes * 1000) / bytesPerSecond
    busyUntil.set(key, end)
    if (operation.type === 'end' || operation.type === 'shutdown') busyUntil.delete(key)
    return { delayMs: end - operation.nowMs, ...(bytes > 0 ? { bytes } : {}) }
  }
}

/** The end of what is sent, and the close of the connection, come that much later. */
export function slowClose(options: { ms: number }): Rule {
  return operation =>
    operation.type === 'shutdown' || operation.type === 'close' ? { delayMs: options.ms } : undefined
}

/** Nothing gets through, and after `ms` the connection ends. With 0 it stays until the rule is taken off. */
export function timeout(options: { ms: number }): Rule {
  return operation => {
    if (operation.type === 'open' && options.ms > 0) return { delayMs: options.ms, then: 'end' }
    return isTransfer(operation, 'both') ? 'hold' : undefined
  }
}

/** The connection is reset, `afterMs` after it began or after the rule was added. Default 0: at once. */
export function reset(options: { afterMs?: number } = {}): Rule {
  return on('open', { delayMs: options.afterMs ?? 0, then: 'reset' })
}

/**
 * Cuts what is sent and read into small pieces.
 * @param options `bytes` of a piece on average, `variation` by which a piece is larger or smaller (default 0),
 * `delayMs` between pieces (default 0), `on` one direction (default both)
 */
export function slicer(options: {
  bytes: number
  variation?: number
  delayMs?: number
  on?: Direction
}): Rule {
  const { bytes, variation = 0, delayMs = 0, on: direction = 'both' } = options
  const pace = spacing(delayMs)
  return operation => {
    if (operation.bytes === 0 || !isTransfer(operation, direction)) return undefined
    const size = Math.max(
      1,
      variation > 0 ? operation.random.integer(bytes - variation, bytes + variation) : bytes,
    )
    return { bytes: size, delayMs: pace(operation) }
  }
}

/** The connection ends once so many bytes went in a direction, counted for each. */
export function limit(options: { bytes: number; on?: Direction }): Rule {
  const passed = new Map<string, number>()
  return operation => {
    if (operation.bytes === 0 || !isTransfer(operation, options.on ?? 'both')) return undefined
    const key = `${operation.connection} ${operation.type}`
    const left = options.bytes - (passed.get(key) ?? 0)
    if (left <= 0) return 'end'
    const bytes = Math.min(left, operation.bytes)
    passed.set(key, options.bytes - left + bytes)
    return { bytes }
  }
}

/** Connecting fails: `ECONNREFUSED`, or the error that is named. */
export function refuse(code = 'ECONNREFUSED'): Rule {
  return on('connect', fail(code))
}

/** Connecting is never answered, as behind a firewall that drops. */
export function blackhole(): Rule {
  return on('connect', 'drop')
}

/** Everything stands still, connecting too, until the rule is taken off. */
export function stall(): Rule {
  return operation =>
    operation.type === 'connect' || operation.type === 'accept' || isTransfer(operation, 'both')
      ? 'hold'
      : undefined
}

/** No more descriptors: accepting fails with `EMFILE` until the rule is taken off, and loses nothing. */
export function emfile(): Rule {
  return on('accept', fail('EMFILE'))
}

/** Writes go out in pieces of at most so many bytes. */
export function partialWrites(options: { bytes: number }): Rule {
  return on('write', { bytes: options.bytes })
}

/** Reads bring at most so many bytes. */
export function shortReads(options: { bytes: number }): Rule {
  return on('read', { bytes: options.bytes })
}

/** One action for one type of operation. */
export function on(type: OperationType, action: Action): Rule {
  return operation => (operation.type === type ? action : undefined)
}

/** An outcome that fails with an error, by its POSIX name. Throws a `RangeError` for a name that the host does not know. */
export function fail(code: string): { fail: string } {
  if (errno(code) === -4094) throw new RangeError(`${code} is no error of this system`)
  return { fail: code }
}

/** A rule that is asked only where a test says so. */
export function only(test: (operation: Operation) => boolean, rule: Rule): Rule {
  return operation => (test(operation) ? rule(operation) : undefined)
}

/** A rule that acts with a probability, 0 to 1, drawn for each operation on which it would act. */
export function sometimes(probability: number, rule: Rule): Rule {
  return operation => {
    const action = rule(operation)
    return action !== undefined && operation.random.chance(probability) ? action : undefined
  }
}

/** A rule that acts so many times, and then no more. */
export function times(count: number, rule: Rule): Rule {
  let left = count
  return operation => {
    if (left <= 0) return undefined
    const action = rule(operation)
    if (action !== undefined) left--
    return action
  }
}

function isReading(operation: Operation): boolean {
  return operation.type === 'read' || operation.type === 'end'
}

function isTransfer(operation: Operation, direction: Direction): boolean {
  if (isReading(operation)) return direction !== 'write'
  return (operation.type === 'write' || operation.type === 'shutdown') && direction !== 'read'
}

/** Each piece `delayMs` after the one before, within a connection and direction. */
function spacing(delayMs: number): (operation: Operation) => number {
  const lastAt = new Map<string, number>()
  return operation => {
    if (delayMs === 0) return 0
    const key = `${operation.connection} ${operation.type}`
    const at = Math.max(operation.nowMs, (lastAt.get(key) ?? Number.NEGATIVE_INFINITY) + delayMs)
    lastAt.set(key, at)
    return at - operation.nowMs
  }
}
