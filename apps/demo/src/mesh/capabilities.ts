// What the transport of this machine lets workers do with each other, and whom local endpoints let in. It opens nothing.
import { selectTransport } from '@x/core/transport'
import type { Authorize } from '@x/ipc'

/** Whether descriptors, and with them connections, can go from process to process. */
export function supportsHandles(): boolean {
  return selectTransport().transport.descriptors !== null
}

/**
 * Lets processes of this user in, and nobody else. Where the transport does not tell who is there, the mode of the socket
 * file (0600) and of its folder (0700) keep others out alone.
 */
export function ownUser(): { readonly authorize?: Authorize } {
  if (!selectTransport().transport.supports('credentials')) return {}
  const us = process.geteuid!()
  return { authorize: ({ uid }) => uid === us }
}
