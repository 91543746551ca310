// The error codes of this package: the one table of them. It does not know who throws them when.
import { inspect } from 'node:util'
import { defineCodes } from '@x/core/internal'

const codes = {
  ERR_X_BAD_ACTION: {
    base: TypeError,
    message: (rule: string, operation: string, answer: unknown, why: string) =>
      `The rule ${rule} answered ${inspect(answer, { depth: 1, breakLength: Number.POSITIVE_INFINITY })} to '${operation}': ${why}`,
    fields: (rule: string, operation: string, answer: unknown) => ({ rule, operation, answer }),
  },
  ERR_X_NESTED_SIMULATION: {
    base: Error,
    message: () =>
      'No simulation and no exploration can run within a simulation: they run one after the other',
  },
  ERR_X_HOST_DOWN: {
    base: Error,
    message: (host: string) => `The host ${host} is down: it was crashed or killed, and not restarted`,
  },
  ERR_X_EXPLORATION: {
    base: Error,
    message: (why: string) => `The exploration cannot go on: ${why}`,
  },
} as const

/**
 * Members of an error that its message tells already, and that whoever prints it need not list again: they are there, and not
 * enumerable.
 */
export function quietly<E extends Error>(error: E, members: Partial<E>): void {
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(error, name, { value, configurable: true, writable: true, enumerable: false })
  }
}

/** Makes an error of this package by its code. */
export const testkitError = defineCodes(codes)
