// `@x/core/interop`: sockets of this package made sockets of node:net, and the other way round, for code that insists on
// one of them. What each conversion does is in its own file.
export { fromNodeSocket } from './from-node-socket'
export { toNodeSocket } from './to-node-socket'
