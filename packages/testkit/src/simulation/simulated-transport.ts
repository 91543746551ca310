// The transport of code that names none, while a simulation runs: that of the host it belongs to. It knows hosts'
// contexts and decides nothing else.
import type { HandleKind, Lookup, Transport } from '@x/core/transport'
import { currentLife } from './host-context'
import { SimulatedHost } from './simulated-host'

/** A transport that is, for each call, the calling host's. */
export function transportOfCaller(otherwise: SimulatedHost): Transport {
  const here = (): Transport => {
    const host = currentLife()?.host
    return (host instanceof SimulatedHost ? host : otherwise).transport
  }
  const lookup: Lookup = (hostname, options, callback) => here().lookup?.(hostname, options, callback)
  return {
    name: 'simulated',
    supports: feature => here().supports(feature),
    listener: (kind: HandleKind) => here().listener(kind),
    stream: (kind: HandleKind) => here().stream(kind),
    adopt: ((fd: number, as: 'stream') => here().adopt(fd, as)) as Transport['adopt'],
    lookup,
  }
}
