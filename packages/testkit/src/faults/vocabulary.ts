// Ready-made faults, by the names that toxiproxy gave them, and what makes rules out of rules. Each is one rule, for handles
// and for links where it has a meaning for both, and says its name where it is refused. It knows operations, and no stream.
import {
  validateFunction,
  validateInteger,
  validateNumber,
  validateObject,
  validateOneOf,
} from '@x/core/internal'
import { optionsOf, validateErrorName } from '../arguments'
import { checkAction, LONGEST_DELAY_MS } from './action'
import type { Action, Operation, OperationType, Rule } from './rule'

/** Which way: `read` is towards this side, `write` away from it. */
export type Direction = 'read' | 'write' | 'both'

/**
 * Delays what is sent or read, or travels on a link; order is kept.
 * @param options `ms` milliseconds, `on` one direction of a handle (default both)
 */
export function latency(options: { ms: number; on?: Direction }): Rule {
  validateObject(options, 'options')
  const { ms: delayMs, on = 'both' } = options
  validateMs(delayMs, 'options.ms')
  validateDirection(on)
  return named('latency', operation => (isCarried(operation, on) ? { delayMs } : undefined))
}

/**
 * Delays what is sent or read, or travels on a link, by a random, evenly distributed time; order within a connection
 * is kept.
 * @param options `ms` milliseconds at most, `on` one direction of a handle (default both)
 */
export function jitter(options: { ms: number; on?: Direction }): Rule {
  validateObject(options, 'options')
  const { ms, on = 'both' } = options
  validateMs(ms, 'options.ms')
  validateDirection(on)
  return named('jitter', operation =>
    isCarried(operation, on) ? { delayMs: operation.random.next() * ms } : undefined,
  )
}

/**
 * Packets of a link are lost with that probability, 0 to 1. TCP sends them again, so that it shows as delay. Handles lose
 * nothing: under TCP there is nothing to lose.
 */
export function loss(probability: number): Rule {
  validateNumber(probability, 'probability', 0, 1)
  return named('loss', ({ packet, random }) => (packet && random.chance(probability) ? 'drop' : undefined))
}

/**
 * Limits the bytes per second: for handles, of each connection and direction; for links, of all traffic in one
 * direction, including headers.
 * @param options `bytesPerSecond`, `on` one direction of a handle (default both)
 */
export function bandwidth(options: { bytesPerSecond: number; on?: Direction }): Rule {
  validateObject(options, 'options')
  const { bytesPerSecond, on = 'both' } = options
  validateDirection(on)
  validateNumber(bytesPerSecond, 'options.bytesPerSecond', Number.MIN_VALUE, Number.MAX_VALUE)
  // A tenth of a second's worth at a time, so that it is a rate and not a wait.
  const bytes = Math.max(1, Math.floor(bytesPerSecond / 10))
  const busyUntil = perDirection(Number.NEGATIVE_INFINITY)
  return named('bandwidth', operation => {
    if (busyUntil.forget(operation) || !isCarried(operation, on)) return undefined
    const { packet } = operation
    const charge = (gone: number, atMs: number) => {
      const size = packet?.wireBytes ?? gone
      const end = Math.max(atMs, busyUntil.get(operation)) + (size * 1000) / bytesPerSecond
      busyUntil.set(operation, end)
      return Math.min(end - atMs, LONGEST_DELAY_MS)
    }
    return packet ? { charge } : { bytes, charge }
  })
}

/** Delays the end of what is sent, and the close of the connection. */
export function slowClose(options: { ms: number }): Rule {
  validateObject(options, 'options')
  const delayMs = options.ms
  validateMs(delayMs, 'options.ms')
  return named('slowClose', ({ type, packet }) =>
    type === 'shutdown' || type === 'close' || packet?.flag === 'fin' ? { delayMs } : undefined,
  )
}

/** Nothing gets through, and after `ms` the connection ends. With 0 it stays until the rule is taken off. */
export function timeout(options: { ms: number }): Rule {
  validateObject(options, 'options')
  const delayMs = options.ms
  validateMs(delayMs, 'options.ms')
  return named('timeout', operation => {
    if (operation.type === 'open' && delayMs > 0) return { delayMs, then: 'end' }
    return isTransfer(operation, 'both') ? 'hold' : undefined
  })
}

/** The connection is reset, `afterMs` after it began or after the rule was added. Default 0: at once. */
export function reset(options?: { afterMs?: number }): Rule {
  const { afterMs = 0 } = optionsOf(options)
  validateMs(afterMs, 'options.afterMs')
  return named('reset', on('open', { delayMs: afterMs, then: 'reset' }))
}

/**
 * Splits what is sent and read into small pieces.
 * @param options `bytes` of a piece on average, `variation` by which a piece is larger or smaller (default 0),
 * `delayMs` between pieces (default 0), `on` one direction (default both)
 */
export function slicer(options: {
  bytes: number
  variation?: number
  delayMs?: number
  on?: Direction
}): Rule {
  validateObject(options, 'options')
  const { bytes, variation = 0, delayMs = 0, on: direction = 'both' } = options
  validateDirection(direction)
  validateInteger(bytes, 'options.bytes', 1)
  validateInteger(variation, 'options.variation', 0)
  validateMs(delayMs, 'options.delayMs')
  const lastAt = perDirection(Number.NEGATIVE_INFINITY)
  return named('slicer', operation => {
    if (lastAt.forget(operation) || operation.bytes === 0 || !isTransfer(operation, direction))
      return undefined
    const size = variation > 0 ? operation.random.integer(bytes - variation, bytes + variation) : bytes
    return {
      bytes: Math.max(1, size),
      charge(_gone, atMs) {
        const leaves = Math.max(atMs, lastAt.get(operation) + delayMs)
        if (delayMs > 0) lastAt.set(operation, leaves)
        return leaves - atMs
      },
    }
  })
}

/** The connection ends once so many bytes went in a direction, counted for each. */
export function limit(options: { bytes: number; on?: Direction }): Rule {
  validateObject(options, 'options')
  const { bytes, on: direction = 'both' } = options
  validateInteger(bytes, 'options.bytes', 0)
  validateDirection(direction)
  const passed = perDirection(0)
  return named('limit', operation => {
    if (passed.forget(operation) || operation.bytes === 0) return undefined
    if (!isTransfer(operation, direction)) return undefined
    const before = passed.get(operation)
    if (before >= bytes) return 'end'
    return {
      bytes: bytes - before,
      charge(gone) {
        passed.set(operation, before + gone)
        return undefined
      },
    }
  })
}

/** Connecting fails: `ECONNREFUSED`, or the error that is named. On a link a SYN is answered by a reset: `ECONNREFUSED`. */
export function refuse(code = 'ECONNREFUSED'): Rule {
  const failure = fail(code)
  return named('refuse', ({ type, packet }) => {
    if (packet?.flag === 'syn') return 'reset'
    return type === 'connect' ? failure : undefined
  })
}

/** Connecting is never answered, as behind a firewall that drops. */
export function blackhole(): Rule {
  return named('blackhole', ({ type, packet }) =>
    type === 'connect' || packet?.flag === 'syn' ? 'drop' : undefined,
  )
}

/** Everything stands still, connecting too, until the rule is taken off. */
export function stall(): Rule {
  return named('stall', operation =>
    operation.type === 'connect' || operation.type === 'accept' || isCarried(operation, 'both')
      ? 'hold'
      : undefined,
  )
}

/** No more descriptors: accepting fails with `EMFILE` until the rule is taken off, and loses nothing. */
export function emfile(): Rule {
  return named('emfile', on('accept', fail('EMFILE')))
}

/** Writes go out in pieces of at most so many bytes. */
export function partialWrites(options: { bytes: number }): Rule {
  validateObject(options, 'options')
  validateInteger(options.bytes, 'options.bytes', 1)
  return named('partialWrites', on('write', { bytes: options.bytes }))
}

/** Reads bring at most so many bytes. */
export function shortReads(options: { bytes: number }): Rule {
  validateObject(options, 'options')
  validateInteger(options.bytes, 'options.bytes', 1)
  return named('shortReads', on('read', { bytes: options.bytes }))
}

/** One action for one type of operation. Throws `ERR_X_BAD_ACTION` for an action that could not be one. */
export function on(type: OperationType, action: Action): Rule {
  validateOneOf(type, 'type', OPERATIONS)
  const rule = named(`on ${type}`, operation => (operation.type === type ? action : undefined))
  checkAction(action, rule, type)
  return rule
}

/** An outcome that fails with an error, by its POSIX name. Throws `ERR_INVALID_ARG_VALUE` for a name that the host does not know. */
export function fail(code: string): { fail: string } {
  validateErrorName(code, 'code')
  return { fail: code }
}

/** A rule that applies only to some operations. */
export function only(test: (operation: Operation) => boolean, rule: Rule): Rule {
  validateFunction(test, 'test')
  validateFunction(rule, 'rule')
  return named(`only(${rule.name})`, operation => (test(operation) ? rule(operation) : undefined))
}

/** A rule that acts with a probability, 0 to 1, drawn for each operation on which it would act. */
export function sometimes(probability: number, rule: Rule): Rule {
  validateNumber(probability, 'probability', 0, 1)
  validateFunction(rule, 'rule')
  return named(`sometimes(${rule.name})`, operation => {
    const action = rule(operation)
    return action !== undefined && operation.random.chance(probability) ? action : undefined
  })
}

/** A rule that acts so many times, and then no more. */
export function times(count: number, rule: Rule): Rule {
  validateInteger(count, 'count', 0)
  validateFunction(rule, 'rule')
  let left = count
  return named(`times(${rule.name})`, operation => {
    if (left <= 0) return undefined
    const action = rule(operation)
    if (action !== undefined) left--
    return action
  })
}

/** A rule with the name that it is refused by. */
function named(name: string, rule: Rule): Rule {
  return Object.defineProperty(rule, 'name', { value: name })
}

const OPERATIONS: readonly OperationType[] = [
  'bind',
  'listen',
  'accept',
  'connect',
  'open',
  'read',
  'end',
  'write',
  'shutdown',
  'close',
  'packet',
]

function validateDirection(on: Direction): void {
  validateOneOf(on, 'options.on', ['read', 'write', 'both'])
}

function validateMs(value: unknown, name: string): void {
  validateNumber(value, name, 0, LONGEST_DELAY_MS)
}

function isReading(operation: Operation): boolean {
  return operation.type === 'read' || operation.type === 'end'
}

/** Something goes one way: through a handle, or over a link. */
function isCarried(operation: Operation, direction: Direction): boolean {
  return operation.packet !== null || isTransfer(operation, direction)
}

function isTransfer(operation: Operation, direction: Direction): boolean {
  if (isReading(operation)) return direction !== 'write'
  return (operation.type === 'write' || operation.type === 'shutdown') && direction !== 'read'
}

/** A number for each connection and direction until the connection closes, and for each direction of a link. */
function perDirection(initial: number) {
  const reading = new Map<number, number>()
  const writing = new Map<number, number>()
  const links = new Map<string, number>()
  const entryOf = (operation: Operation) => {
    const { packet, connection } = operation
    if (packet) return { table: links as Map<unknown, number>, key: `${packet.from}\n${packet.to}` }
    return { table: (isReading(operation) ? reading : writing) as Map<unknown, number>, key: connection }
  }
  return {
    get(operation: Operation) {
      const { table, key } = entryOf(operation)
      return table.get(key) ?? initial
    },
    set(operation: Operation, value: number) {
      const { table, key } = entryOf(operation)
      table.set(key, value)
    },
    /** True where the connection closes: nothing is kept of it. */
    forget({ type, connection }: Operation): boolean {
      if (type !== 'close') return false
      reading.delete(connection)
      writing.delete(connection)
      return true
    },
  }
}
