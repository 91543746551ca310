/** The members of the package by name, which index also gives as the default export. It holds no behaviour. */
export { type AddressFilter, type AddressLike, BlockList, type IpVersion } from './address/block-list'
export { isIP, isIPv4, isIPv6 } from './address/ip'
export {
  type IpFamily,
  SocketAddress,
  type SocketAddressInit,
  type SocketAddressJson,
} from './address/socket-address'
export type { AdmissionOptions, DropReason, RateLimit } from './admission/options'
export { normalizeArgs as _normalizeArgs } from './args/connect'
export type { DrainOptions, DrainProgress, DrainReport } from './drain/options'
export { BoundSocket, type BoundSocketOptions } from './listen/bound-socket'
export { connect, createConnection, createServer, Stream } from './net'
export {
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  getDefaultCoalesce,
  setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout,
  setDefaultCoalesce,
} from './process-state'
export { encodeProxyHeader } from './proxy-protocol/encode'
export type { ProxyEnd, ProxyHeader, ProxyHeaderInit, ProxyTls, ProxyTlv } from './proxy-protocol/header'
export type { ProxyProtocolOptions } from './proxy-protocol/options'
export { isRegistered } from './registration'
export { type RelayOptions, type RelayReport, type RelaySide, relay } from './relay'
export { type SendFileOptions, sendFile } from './send-file'
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
export { proxyHeaderFor } from './socket/proxy-header-for'
export type { AddressInfo, SocketReadyState } from './socket/socket'
export type { SocketOptionName, SocketOptions } from './socket-options/names'
export { type OptionSupport, socketOptionSupport } from './socket-options/support'
export type { TcpInfo } from './socket-options/tcp-info'
