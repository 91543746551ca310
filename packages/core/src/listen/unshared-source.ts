// Where listeners come from in a worker of node:cluster, whose primary this package cannot ask: from this process, where they
// are not to be shared; else from nowhere, and why is said.
import { codedError } from '../errors/codes'
import type { ListenerSource } from './contract'
import { localSource } from './source'

export const unsharedSource: ListenerSource = {
  open(request, accept, done) {
    const isOwn = request.exclusive || request.flags.reusePort === true
    if (!isOwn) throw codedError('ERR_X_CLUSTER_UNREGISTERED')
    localSource.open(request, accept, done)
  },
}
