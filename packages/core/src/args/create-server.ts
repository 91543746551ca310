// The overloads of createServer() and new Server() to options and a listener.
import { codedError } from '../errors/codes'

/**
 * `([options][, listener])`; `false`, null and undefined stand for "no options".
 *
 * @throws `ERR_INVALID_ARG_TYPE` for options that are neither an object nor a function.
 */
export function readServerArguments<Options extends object, Listener>(
  options: Options | Listener | false | null | undefined,
  listener: Listener | undefined,
): { options: Partial<Options>; listener: Listener | undefined } {
  if (typeof options === 'function') return { options: {}, listener: options as Listener }
  if (options === undefined || options === null || options === false) return { options: {}, listener }
  if (typeof options !== 'object') throw codedError('ERR_INVALID_ARG_TYPE', 'options', 'object', options)
  return { options: { ...options } as Partial<Options>, listener }
}
