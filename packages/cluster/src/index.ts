// The package's public face: the node:cluster surface of this process, and the policies.
import { Child } from './child/child'
import { Primary, WORKER_VARIABLE } from './primary/primary'

export * from './policy'
export type { ClusterSettings, Spread } from './settings'
export * from './start'
export { type DrainTask, Worker } from './worker'

/** `node:cluster` for this process: the primary's, or in a forked worker the worker's. */
const cluster: Primary | Child = process.env[WORKER_VARIABLE] === undefined ? new Primary() : new Child()

export default cluster
