// What a test may need of a transport, and whether the transport has it. It asks the contract, and runs no test.
import { type Feature, type Status, type Transport, UV_ENOTSUP } from '@x/core/transport'

/** Something that a transport may lack: a declared feature, or a property of its behaviour. */
export type Need =
  | Feature
  | 'adopt' // streams and listeners from a descriptor
  | 'descriptors' // descriptors of its handles, and what moves them
  | 'pause-accept' // ListenerHandle.pause and resume
  | 'reuse-port' // BindFlags.reusePort
  | 'splice'
  | 'type-of-service' // StreamOption typeOfService

const answers: Readonly<Record<Exclude<Need, Feature | 'descriptors'>, (transport: Transport) => unknown>> = {
  adopt: transport => transport.adopt(-1, 'stream'),
  'pause-accept': transport => ofListener(transport, listener => listener.pause()),
  'reuse-port': transport =>
    ofListener(transport, listener =>
      listener.bind({ family: 'IPv4', address: '127.0.0.1', port: 0 }, { reusePort: true }),
    ),
  splice: transport => ofStream(transport, stream => stream.splice(stream, { mayMove: () => true })),
  'type-of-service': transport => ofStream(transport, stream => stream.getOption('typeOfService')),
}

/** Whether the transport has what is needed. */
export function has(transport: Transport, need: Need): boolean {
  if (need === 'descriptors') return transport.descriptors !== null
  const answer = answers[need as keyof typeof answers]
  return answer === undefined ? transport.supports(need as Feature) : answer(transport) !== UV_ENOTSUP
}

function ofStream(transport: Transport, ask: (stream: ReturnType<Transport['stream']>) => Status): Status {
  const stream = transport.stream('tcp')
  const answer = ask(stream)
  stream.close()
  return answer
}

function ofListener(
  transport: Transport,
  ask: (listener: ReturnType<Transport['listener']>) => Status,
): Status {
  const listener = transport.listener('tcp')
  const answer = ask(listener)
  listener.close()
  return answer
}
