// The transport of code that names none, while a simulation runs: that of the host it belongs to. It knows hosts'
// contexts and decides nothing else.
import { type Lookup, type Transport, wrapTransport } from '@x/core/transport'
import { currentLife } from './host-context'
import { SimulatedHost } from './simulated-host'

/** A transport that is, for each call, the calling host's. */
export function transportOfCaller(otherwise: SimulatedHost): Transport {
  const here = (): Transport => {
    const host = currentLife()?.host
    return (host instanceof SimulatedHost ? host : otherwise).transport
  }
  const lookup: Lookup = (hostname, options, callback) => here().lookup?.(hostname, options, callback)
  return wrapTransport(here, { name: 'simulated', lookup })
}
