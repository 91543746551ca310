// The in-memory network: one host, no distance, no timers of its own, no descriptors. Endpoint behaviour is network/'s.
import { AsyncResource } from 'node:async_hooks'
import { validateObject } from '@x/core/internal'
import { errno, type Lookup, type Transport } from '@x/core/transport'
import { optionsOf, validateAddress, validateCapacity, validateList } from '../arguments'
import { directLanes } from '../network/direct-lane'
import type { Fabric } from '../network/fabric'
import { answerLookup } from '../network/names'
import { Stack } from '../network/stack'
import { holdProcess, loop } from './loop-turns'
import { memoryClock } from './memory-clock'

const TCP_BYTES = 4_194_304
const PATH_BYTES = 219_264

/** How a memory network is made. */
export interface MemoryNetworkOptions {
  /** Addresses of the host besides 127.0.0.0/8 and `::1`. Default: none. */
  addresses?: readonly string[]
  /** Names of the network besides `localhost`, each with its addresses. Default: none. */
  names?: Readonly<Record<string, readonly string[]>>
  /**
   * Bytes that a direction of a connection holds before writers wait. Default: as Linux takes on loopback of one large write
   * whose reader does not read, 4,194,304 over TCP (the most of tcp_wmem, tcp(7)) and 219,264 on a path (six pieces of 36,544:
   * the last begins below wmem_default, socket(7)).
   */
  capacityBytes?: number
}

/** An in-memory network; as a Transport it serves any number of servers and sockets. */
export interface MemoryNetwork extends Transport {
  readonly name: 'memory'
  readonly lookup: Lookup
  /** Listeners and streams that were made on this network and not closed. */
  readonly openHandles: number
}

/**
 * A network inside this process: TCP over IPv4 and IPv6, paths and abstract names, dynamic ports, refusal, backlog,
 * half-close, reset and bounded buffers as a real host has them (RFC 9293, unix(7), listen(2)), with no timer and no
 * system call. Networks do not see each other: the same port may be taken once in each.
 *
 * @example
 * const transport = memoryNetwork()
 * const server = new Server({ transport }).listen(80)
 */
export function memoryNetwork(options?: MemoryNetworkOptions): MemoryNetwork {
  return newMemoryStack(options) as Stack & { name: 'memory' }
}

/** A memory network as the rest of the package sees it. */
export function newMemoryStack(options?: MemoryNetworkOptions): Stack {
  const { addresses = [], names = {}, capacityBytes } = optionsOf(options)
  validateCapacity(capacityBytes, 'options.capacityBytes')
  validateList(addresses, 'options.addresses', validateAddress)
  validateObject(names, 'options.names')
  for (const [name, at] of Object.entries(names)) validateList(at, `options.names.${name}`, validateAddress)
  const lookup: Lookup = (hostname, request, callback) =>
    answerLookup(
      job => loop.post(AsyncResource.bind(job), null),
      name => (Object.hasOwn(names, name) ? names[name] : undefined),
      hostname,
      request,
      callback,
    )
  const fabric: Fabric<Stack> = {
    name: 'memory',
    lookup,
    clock: memoryClock,
    loop,
    route: (from, to) => (from.owns(to.address) ? from : errno('ENETUNREACH')),
    lanes: request =>
      directLanes(request, capacityBytes ?? (request.client.at === null ? PATH_BYTES : TCP_BYTES)),
    hold: holdProcess,
  }
  return new Stack(fabric, 'memory', addresses)
}
