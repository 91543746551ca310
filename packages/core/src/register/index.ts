// `@x/core/register`: loading it puts @x/core in the place of node:net for the modules that load afterwards, in this
// thread, its child processes and its worker threads. Node's own modules (http, tls) keep Node's own net.

import cluster from 'node:cluster'
import path from 'node:path'
import { codedError } from '../errors/codes'
import { unsharedSource } from '../listen/unshared-source'
import { packageFolder } from '../package-folder'
import { listenerSource, setListenerSource } from '../process-state'
import { isRegistered, MARK_NAME, setRegistration } from '../registration'
import { registerChildren } from './children'
import { makeFace } from './face'
import { makeSource } from './face-source'
import { answerImport, answerRequire, whyNot } from './hooks'
import { giveSocketsToTls } from './secure'

export { isRegistered } from '../registration'

if (!isRegistered()) {
  const reason = whyNot()
  if (reason !== null) throw codedError('ERR_X_REGISTER_UNAVAILABLE', reason)
  const net = makeFace()
  setRegistration({ net })
  answerRequire('net', net, packageFolder)
  answerImport(makeSource('net', MARK_NAME, Object.keys(net)))
  registerChildren(path.join(packageFolder, 'register.js'))
  // Node's own way from a worker to its primary is closed to any net but its own.
  if (cluster.isWorker && listenerSource() === null) setListenerSource(unsharedSource)
  giveSocketsToTls()
}
