// The transport of code that names none, while a simulation runs: that of the host it belongs to. It knows hosts'
// contexts and decides nothing else.
import { type Transport, wrapTransport } from '@x/core/transport'
import { SimulatedHost } from './simulated-host'
import { currentLife, currentWorld } from './world'

/** A transport that is, for each call, the calling host's; `outside` for code that belongs to no simulation. */
export function transportOfCaller(test: SimulatedHost, outside: Transport): Transport {
  const here = (): Transport => {
    if (!currentWorld()) return outside
    const host = currentLife()?.host
    return (host instanceof SimulatedHost ? host : test).transport
  }
  return wrapTransport(here, {})
}
