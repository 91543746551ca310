// Two connected sockets without a network. It knows how they are joined; how they behave is the classes' and the
// in-memory network's.
import type { Socket } from '@x/core'
import { adoptStream, validateBoolean, validateOneOf } from '@x/core/internal'
import type { HandleKind } from '@x/core/transport'
import { optionsOf } from '../arguments'
import { newMemoryStack } from '../memory/memory-network'

/**
 * Two sockets that are connected to each other in memory at once. For code that takes a socket.
 *
 * @param options `allowHalfOpen` as for `new Socket` (default false), `capacityBytes` that a direction buffers before
 *   `write` returns false (default as `memoryNetwork`), `kind` `tcp` or `pipe` (default `tcp`)
 * @example
 * const [client, server] = socketPair()
 */
export function socketPair(options?: {
  allowHalfOpen?: boolean
  capacityBytes?: number
  kind?: HandleKind
}): [Socket, Socket] {
  const { allowHalfOpen = false, capacityBytes, kind = 'tcp' } = optionsOf(options)
  validateBoolean(allowHalfOpen, 'options.allowHalfOpen')
  validateOneOf(kind, 'options.kind', ['tcp', 'pipe'])
  const stack = newMemoryStack(capacityBytes === undefined ? {} : { capacityBytes })
  const [one, other] = stack.pair(kind)
  return [adoptStream(one, { allowHalfOpen }), adoptStream(other, { allowHalfOpen })]
}
