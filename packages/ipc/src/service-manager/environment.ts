// What a service manager says in the environment: reads and checks it. It knows no descriptors and no sockets.
import { ipcError } from '../errors/codes'

/** The environment of a process, or what stands for it in a test. */
export type Environment = Record<string, string | undefined>

const DIGITS = /^\d{1,15}$/

/** What a variable says; undefined where it is not there. @throws `ERR_X_SERVICE_ENVIRONMENT` for what is no string. */
export function readText(env: Environment, variable: string): string | undefined {
  const value: unknown = env[variable]
  if (value === undefined || typeof value === 'string') return value
  throw ipcError('ERR_X_SERVICE_ENVIRONMENT', variable, String(value), 'is no string')
}

/** A whole number of the environment; null where the variable is not there. @throws `ERR_X_SERVICE_ENVIRONMENT`. */
export function readNumber(env: Environment, variable: string, least: number, most: number): number | null {
  const value = readText(env, variable)
  if (value === undefined) return null
  const number = Number(value)
  if (DIGITS.test(value) && number >= least && number <= most) return number
  throw wrong(env, variable, `is no whole number from ${least} to ${most}`)
}

/** An error that names the variable, what it says, and what is wrong with that. */
export function wrong(env: Environment, variable: string, reason: string): Error {
  return ipcError('ERR_X_SERVICE_ENVIRONMENT', variable, env[variable] ?? '', reason)
}
