// Which transport serves this process, and why not the native one. It decides once and remembers; it moves no bytes.
import { debuglog } from 'node:util'
import { codedError } from '../errors/codes'
import { tellFallback } from '../errors/fallback'
import type { Transport } from './contract'
import { loadNative } from './native'
import { portable } from './portable'

/** The transport of this process. `reason` says why it is not the native one; null where it is. */
export interface Selection {
  readonly transport: Transport
  readonly reason: string | null
}

let selection: Selection | undefined

/** NODE_DEBUG=net */
const debug = debuglog('net')

/**
 * The transport that servers and sockets use unless told otherwise: native where it loads, else portable. The
 * environment variable `X_NET_TRANSPORT` (`native` or `portable`), read at the first call, forces one. Decided once
 * for each thread.
 *
 * @throws `ERR_X_TRANSPORT_UNAVAILABLE` where native is forced and does not load; the message says why.
 * @throws `ERR_INVALID_ARG_VALUE` where the variable has any other value.
 */
export function selectTransport(): Selection {
  if (selection === undefined) {
    selection = choose(process.env['X_NET_TRANSPORT'])
    const { transport, reason } = selection
    debug('transport: %s%s', transport.name, reason === null ? '' : `, not native: ${reason}`)
    if (reason !== null) tellFallback(reason)
  }
  return selection
}

function choose(forced: string | undefined): Selection {
  if (forced === 'portable') return { transport: portable, reason: 'X_NET_TRANSPORT=portable' }
  if (forced !== undefined && forced !== '' && forced !== 'native') {
    throw codedError('ERR_INVALID_ARG_VALUE', 'X_NET_TRANSPORT', forced, "must be 'native' or 'portable'")
  }
  const loaded = loadNative()
  if (loaded.transport !== null) return { transport: loaded.transport, reason: null }
  if (forced === 'native') throw codedError('ERR_X_TRANSPORT_UNAVAILABLE', 'native', loaded.reason)
  return { transport: portable, reason: loaded.reason }
}

/**
 * Refuses what a transport cannot do.
 *
 * @throws `ERR_X_UNSUPPORTED`, which names the transport and the feature.
 */
export function unsupported(transport: Transport, feature: string): never {
  throw codedError('ERR_X_UNSUPPORTED', transport.name, feature)
}
