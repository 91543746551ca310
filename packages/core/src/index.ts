// The package's public face. It names what is exported, and holds no behaviour.
export { BlockList } from './address/block-list'
export { isIP, isIPv4, isIPv6 } from './address/ip'
export { SocketAddress } from './address/socket-address'
export { connect, createConnection, createServer, Stream } from './net'
export {
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout,
} from './process-state'
export { Server } from './server/index'
export type { DropArgument, ListenOptions, ServerEvents, ServerOpts } from './server/options'
export type { SocketEvents } from './socket/events'
export { Socket } from './socket/index'
export type {
  IpcSocketConnectOpts,
  NetConnectOpts,
  OnReadOptions,
  SetKeepAliveOptions,
  SocketConnectOpts,
  SocketConstructorOpts,
  TcpSocketConnectOpts,
} from './socket/options'
export type { AddressInfo, SocketReadyState } from './socket/socket'
