// The public face of the transport layer (`@x/core/transport`): for packages and tests that bring or choose a transport.
export { abortError, type CodedErrorFactory, type CodeTable, codedError, defineCodes } from '../errors/codes'
export * from '../errors/errno'
export { type SystemError, type SystemErrorDetails, systemError } from '../errors/system-error'
export * from '../errors/validate'
export * from './contract'
export { loadNative } from './native'
export { portable } from './portable'
export { type Selection, selectTransport, unsupported } from './select'
