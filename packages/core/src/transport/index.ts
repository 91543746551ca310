// The public face of the transport layer (`@x/core/transport`): the contract, the transports, and which of them serves.
// For programs and tests that bring or choose a transport.
export * from '../errors/errno'
export { defaultTransport, setDefaultTransport } from '../process-state'
export * from './contract'
export { loadNative } from './native'
export { portable, portableStream } from './portable'
export { reportTransport, type TransportReport } from './report'
export { type Selection, selectTransport } from './select'
export {
  ListenerWrapper,
  type StreamOrigin,
  StreamWrapper,
  type TransportOverrides,
  type WrapAccepted,
  wrapListener,
  wrapStream,
  wrapTransport,
} from './wrap-transport'
