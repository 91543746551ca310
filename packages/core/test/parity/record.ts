// What a program sees of a call and of what follows it: answers, throws and events, in their order, as text in which ports
// and temporary paths have names. Two implementations are the same where their records are. Not a test by itself.
import type { EventEmitter } from 'node:events'
import type net from 'node:net'
import { inspect } from 'node:util'

/** The module under test: node:net, or ours in its place. */
export type Net = typeof net

export class Record {
  readonly lines: string[] = []
  readonly #names: [text: string, name: string][] = []

  /** Calls the text by a name wherever it shows. */
  name(text: string | number, name: string): void {
    this.#names.push([String(text), name])
  }

  note(line: string): void {
    this.lines.push(this.#named(line))
  }

  /** Makes a call and notes how it ended. */
  attempt<T>(label: string, call: () => T): T | undefined {
    try {
      const answer = call()
      this.note(`${label}: returned ${typeof answer === 'object' ? '' : inspect(answer)}`.trimEnd())
      return answer
    } catch (error) {
      this.note(`${label}: threw ${describeError(error)}`)
      return undefined
    }
  }

  /** Notes each of these events of an emitter. */
  watch(label: string, emitter: EventEmitter, events: readonly string[]): void {
    for (const event of events) {
      emitter.on(event, (...args: unknown[]) =>
        this.note(`${label} ${event}(${args.map(describe).join(', ')})`),
      )
    }
  }

  /** A record of its own that knows the same names. */
  fork(): Record {
    const own = new Record()
    for (const [text, name] of this.#names) own.name(text, name)
    return own
  }

  #named(line: string): string {
    return this.#names.reduce((text, [value, name]) => text.replaceAll(value, name), line)
  }
}

function describe(value: unknown): string {
  if (value instanceof Error) return describeError(value)
  if (Buffer.isBuffer(value)) return `bytes ${value}`
  return typeof value === 'object' && value !== null ? 'object' : inspect(value)
}

/** Name, message, own fields and their order, and the errors inside. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return inspect(error)
  const fields = Object.entries(error).map(([key, value]) => `${key}=${String(value)}`)
  const inner = error instanceof AggregateError ? ` [${error.errors.map(describeError).join('; ')}]` : ''
  const cause = error.cause instanceof Error ? ` because ${error.cause.message}` : ''
  return `${error.name}: ${error.message} {${fields.join(' ')}}${inner}${cause}`
}

export const SOCKET_EVENTS = [
  'lookup',
  'connectionAttempt',
  'connectionAttemptFailed',
  'connect',
  'ready',
  'data',
  'end',
  'drain',
  'finish',
  'timeout',
  'error',
  'close',
] as const

export const SERVER_EVENTS = ['listening', 'connection', 'drop', 'error', 'close'] as const
