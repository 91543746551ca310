// NODE_DEBUG=net. It formats nothing where nobody asked.
import { debuglog } from 'node:util'

export const debug = debuglog('net')
