// A transport whose handles cannot be unreferenced (law 10).
import { ListenerWrapper, portable, wrapListener, wrapStream, wrapTransport } from '@x/core/transport'

const stuck = { unref() {} }

export const newTransport = () =>
  wrapTransport(portable, {
    wrapStream: inner => wrapStream(inner, stuck),
    wrapListener: (inner, wrapAccepted) => wrapListener(new ListenerWrapper(inner, wrapAccepted), stuck),
  })
