// The public face of the transport layer (`@x/core/transport`): for packages and tests that bring or choose a transport.
export * from '../errors/errno'
export * from './contract'
export { loadNative } from './native'
export { portable } from './portable'
export { type Selection, selectTransport, unsupported } from './select'
