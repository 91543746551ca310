// `@x/core/register`: loading it puts @x/core in the place of node:net for the modules that load afterwards, in this
// thread, its child processes and its worker threads. Node's own modules (http, tls) keep Node's own net.

import { codedError } from '../errors/codes'
import { isRegistered, MARK_NAME, setRegistration } from '../registration'
import { registerChildren } from './children'
import { makeFace } from './face'
import { makeSource } from './face-source'
import { answerImport, answerRequire, whyNot } from './hooks'

export { isRegistered } from '../registration'

if (!isRegistered()) {
  const reason = whyNot()
  if (reason !== null) throw codedError('ERR_X_REGISTER_UNAVAILABLE', reason)
  const net = makeFace()
  setRegistration({ net })
  answerRequire(net)
  answerImport(makeSource(MARK_NAME, Object.keys(net)))
  registerChildren()
}
