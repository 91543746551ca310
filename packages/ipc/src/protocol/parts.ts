// What goes beside a value: checked where the caller names it. It encodes nothing and sends nothing.
import { codedError, validateBoolean, validateObject } from '@x/core/internal'
import { Descriptor } from '../descriptor/descriptor'
import { NOTHING_BESIDE } from '../wire/encoder'
import { MOST_BUFFERS, MOST_HANDLES } from '../wire/frame'
import type { SendOptions } from './message'
import type { Outgoing } from './sender'

/** @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`, `ERR_X_UNSUPPORTED`. */
export function checkParts(options: SendOptions, mayHaveHandles: boolean): void {
  validateObject(options, 'options')
  const { buffers, handles, keep } = options
  if (keep !== undefined) validateBoolean(keep, 'options.keep')
  if (buffers !== undefined) {
    checkList(buffers, 'options.buffers', MOST_BUFFERS)
    for (const buffer of buffers) {
      if (!(buffer instanceof Uint8Array)) {
        throw codedError('ERR_INVALID_ARG_TYPE', 'options.buffers', 'an Array of Uint8Array', buffers)
      }
    }
  }
  if (handles !== undefined) checkHandles(handles, keep ?? false, mayHaveHandles)
}

function checkHandles(handles: readonly Descriptor[], keep: boolean, mayHaveHandles: boolean): void {
  checkList(handles, 'options.handles', MOST_HANDLES)
  for (const handle of handles) {
    if (!(handle instanceof Descriptor)) {
      throw codedError(
        'ERR_INVALID_ARG_TYPE',
        'options.handles',
        'an Array of Descriptor, which createDescriptor() makes of servers, sockets and numbers',
        handle,
      )
    }
    if (!handle.maySend(keep)) {
      throw codedError('ERR_INVALID_ARG_VALUE', 'options.handles', handle, 'was given away or is being sent')
    }
  }
  if (new Set(handles).size !== handles.length) {
    throw codedError('ERR_INVALID_ARG_VALUE', 'options.handles', handles, 'has the same descriptor twice')
  }
  if (handles.length > 0 && !mayHaveHandles)
    throw codedError('ERR_X_UNSUPPORTED', 'underlying', 'descriptors')
}

function checkList(list: unknown, name: string, most: number): void {
  if (!Array.isArray(list)) throw codedError('ERR_INVALID_ARG_TYPE', name, 'Array', list)
  if (list.length > most) throw codedError('ERR_OUT_OF_RANGE', `${name}.length`, `<= ${most}`, list.length)
}

/** A value with what goes beside it, and nobody who wants to hear of it. */
export function outgoing(
  value: unknown,
  options: SendOptions | undefined,
  name: Buffer | null = null,
): Outgoing {
  const buffers = options?.buffers ?? []
  const isPlain = buffers.length === 0 && name === null
  const beside = isPlain ? NOTHING_BESIDE : { ...NOTHING_BESIDE, name, buffers }
  return { value, beside, descriptors: null, ticket: null }
}

/** Their numbers; null where one of them is gone. */
export function numbersOf(handles: readonly Descriptor[]): readonly number[] | null {
  const numbers = handles.map(handle => handle.fd)
  return numbers.some(fd => fd < 0) ? null : numbers
}
