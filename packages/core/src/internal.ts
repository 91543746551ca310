// What only this project's other packages need (`@x/core/internal`): errors, validation, how handles get in and out of the
// classes, and where servers get their listeners. No part of the public interface: it changes with any version.
export { type ListenArguments, type ListenTarget, readListenArguments } from './args/listen'
export { abortError, type CodedErrorFactory, type CodeTable, codedError, defineCodes } from './errors/codes'
export { type SystemError, type SystemErrorDetails, systemError } from './errors/system-error'
export * from './errors/validate'
export type { ListenerSource, ListenRequest, ListenRequester } from './listen/contract'
export { type Opening, openListener } from './listen/open'
export { localSource } from './listen/source'
export { folderOf } from './package-folder'
export { setListenerSource } from './process-state'
export { registerChildren } from './register/children'
export { makeSource } from './register/face-source'
export { answerImport, answerRequire } from './register/hooks'
export { listenerOf } from './server/holder'
export { readBindFlags } from './server/server'
export {
  type AdoptOptions,
  adoptStream,
  type DetachedConnection,
  detach,
  type LentConnection,
  lend,
  streamOf,
} from './socket/adopt'
export { callEach } from './transport/call-each'
export { Closing, type Later } from './transport/closing'
export { isNode } from './transport/portable/host'
export { nodeNet } from './transport/portable/node-net'
export { unsupported } from './transport/select'
