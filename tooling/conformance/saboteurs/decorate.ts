// Puts methods of a saboteur's own in front of those of a transport's handles. It breaks nothing by itself.
import {
  type ListenerHandle,
  ListenerWrapper,
  type StreamHandle,
  type Transport,
  wrapListener,
  wrapStream,
  wrapTransport,
} from '@x/core/transport'

/** What a saboteur does in place of the handle's own methods, which it may call. */
export interface Sabotage {
  readonly stream?: (stream: StreamHandle, isAccepted: boolean) => Partial<StreamHandle>
  readonly listener?: (listener: ListenerHandle) => Partial<ListenerHandle>
  readonly transport?: (transport: Transport) => Partial<Transport>
}

export function decorate(transport: Transport, sabotage: Sabotage): Transport {
  const { stream: streamOverrides, listener: listenerOverrides } = sabotage
  return wrapTransport(transport, {
    wrapStream: (inner, origin) => wrapStream(inner, streamOverrides?.(inner, origin === 'accepted') ?? {}),
    wrapListener: (inner, wrapAccepted) =>
      wrapListener(new ListenerWrapper(inner, wrapAccepted), listenerOverrides?.(inner) ?? {}),
    ...sabotage.transport?.(transport),
  })
}
