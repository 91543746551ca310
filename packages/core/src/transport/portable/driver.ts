// Which way a stream drives the socket of the host: Node's own, or that of other hosts.
import { eventDriver } from './event-driver'
import { isNode } from './host'
import type { Driver } from './inner-socket'
import { nodeDriver } from './node-driver'

export const driver: Driver = isNode ? nodeDriver : eventDriver
