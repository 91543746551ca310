// Descriptors that a service manager keeps for the next start of this service (FDSTORE of sd_notify(3)). How a message is sent
// it does not know.
import type { Server } from '@x/core'
import { Socket } from '@x/core'
import { codedError, validateObject } from '@x/core/internal'
import { createDescriptor } from '../descriptor/conversions'
import type { Descriptor } from '../descriptor/descriptor'
import { MOST_HANDLES } from '../wire/frame'
import { type NotifyOptions, oneLine, sendLines } from './notification'

const MOST_NAME_CHARS = 255

/** What can be stored: a listening server, a descriptor that came, or the number of one. */
export type Storable = Server | Descriptor | number

/**
 * Stores servers or descriptors with the service manager, which keeps a copy of each and passes it to the next start
 * of this service under this name (see `takeListenFds`). Ours stay open. Resolves with true once the manager's socket
 * has them, with false if there is no manager; the unit needs `FileDescriptorStoreMax=`. A connection is given by the
 * number of its descriptor, not as a socket.
 *
 * @throws (rejects) `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_SERVER_NOT_RUNNING`, and as `notify`.
 */
export async function storeDescriptors(
  name: string,
  handles: readonly Storable[],
  options: NotifyOptions = {},
): Promise<boolean> {
  validateObject(options, 'options')
  const line = nameLine(name)
  if (!Array.isArray(handles)) throw codedError('ERR_INVALID_ARG_TYPE', 'handles', 'Array', handles)
  if (handles.length < 1 || handles.length > MOST_HANDLES) {
    throw codedError('ERR_INVALID_ARG_VALUE', 'handles', handles, `must have 1 to ${MOST_HANDLES} members`)
  }
  // A socket would have to be taken from its stream.
  const socket = (handles as readonly unknown[]).find(handle => handle instanceof Socket)
  if (socket !== undefined) {
    throw codedError('ERR_INVALID_ARG_TYPE', 'handles', ['Server', 'Descriptor', 'number'], socket)
  }
  const descriptors = await Promise.all(handles.map(handle => createDescriptor(handle, options.transport)))
  return await sendLines(
    ['FDSTORE=1', line],
    descriptors.map(({ fd }) => fd),
    options,
  )
}

/**
 * Makes the service manager close all that it keeps under this name. As `notify`.
 *
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, and as `notify`.
 */
export function forgetDescriptors(name: string, options: NotifyOptions = {}): Promise<boolean> {
  return sendLines(['FDSTOREREMOVE=1', nameLine(name)], [], options)
}

function nameLine(name: unknown): string {
  const text = oneLine(name, 'name')
  // What sd_listen_fds(3) allows: no control characters, no colon.
  const isFine = text.length >= 1 && text.length <= MOST_NAME_CHARS && !/[^\x20-\x7e]|:/.test(text)
  if (!isFine) {
    throw codedError(
      'ERR_INVALID_ARG_VALUE',
      'name',
      name,
      'must be 1 to 255 characters of ASCII without a colon',
    )
  }
  return `FDNAME=${text}`
}
