// Puts methods of a saboteur's own in front of those of a transport's handles. It breaks nothing by itself.
import type { ListenerHandle, StreamHandle, Transport } from '@x/core/transport'

/** What a saboteur does in place of the handle's own methods, which it may call. */
export interface Sabotage {
  readonly stream?: (stream: StreamHandle, isAccepted: boolean) => Partial<StreamHandle>
  readonly listener?: (listener: ListenerHandle) => Partial<ListenerHandle>
  readonly transport?: (transport: Transport) => Partial<Transport>
}

export function decorate(transport: Transport, sabotage: Sabotage): Transport {
  const wrapStream = (stream: StreamHandle, isAccepted: boolean) =>
    overridden(stream, sabotage.stream?.(stream, isAccepted) ?? {})
  return overridden(transport, {
    stream: kind => wrapStream(transport.stream(kind), false),
    listener(kind) {
      const listener = transport.listener(kind)
      return overridden(listener, {
        listen: (backlog, accept, done) =>
          listener.listen(
            backlog,
            (status, stream) => accept(status, stream && wrapStream(stream, true)),
            done,
          ),
        ...sabotage.listener?.(listener),
      })
    },
    ...sabotage.transport?.(transport),
  })
}

function overridden<T extends object>(target: T, overrides: Partial<T>): T {
  return new Proxy(target, {
    get(_target, key) {
      if (Object.hasOwn(overrides, key)) return Reflect.get(overrides, key)
      const value = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
