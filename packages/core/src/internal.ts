// What only this project's other packages need (`@x/core/internal`): errors, validation, how handles get in and out of the
// classes, and where servers get their listeners. No part of the public interface: it changes with any version.
export { type ListenArguments, type ListenTarget, readListenArguments } from './args/listen'
export { abortError, type CodedErrorFactory, type CodeTable, codedError, defineCodes } from './errors/codes'
export { type SystemError, type SystemErrorDetails, systemError } from './errors/system-error'
export * from './errors/validate'
export type { ListenerSource, ListenRequest, ListenRequester } from './listen/contract'
export { localSource } from './listen/source'
export { setListenerSource } from './process-state'
export { listenerOf } from './server/holder'
export { type AdoptOptions, adoptStream, type DetachedConnection, detach, streamOf } from './socket/adopt'
export { callEach } from './transport/call-each'
export { Closing, type Later } from './transport/closing'
export { unsupported } from './transport/select'
