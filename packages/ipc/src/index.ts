// The package's public face. It names what is exported, and holds no behaviour.
export { type CallOptions, type Calls, createCalls, type Requester } from './calls/calls'
export type { Channel } from './channel/channel'
export { type CreateChannelOptions, createChannel } from './channel/create-channel'
export { type Client, type ClientEvents, createClient } from './client/client'
export type { ClientRequestOptions } from './client/errand'
export type { ClientOptions } from './client/options'
export { connect, type LocalConnectOptions } from './connect'
export { type Authorize, getCredentials, getPidfd, type Peer, type PeerCredentials } from './credentials'
export { adoptServer, adoptSocket, createDescriptor, type Sendable } from './descriptor/conversions'
export { Descriptor, type DescriptorKind, type DescriptorOptions } from './descriptor/descriptor'
export { type Endpoint, type EndpointOptions, resolveEndpoint } from './endpoint/endpoint'
export { getPathLimit, type PathLimit } from './endpoint/limits'
export type { RemoteError } from './errors/codes'
export { createRawHandoff, type RawHandoff, type RawHandoffEvents } from './handoff/raw-handoff'
export { getHandleChannel, sendHandle } from './handoff/send-handle'
export { type LocalListenOptions, listen } from './listen/listen'
export type { HandleError } from './protocol/acknowledgements'
export type { ChannelOptions } from './protocol/limits'
export type {
  ChannelEnd,
  ChannelEvents,
  CloseOptions,
  IncomingRequest,
  Message,
  Procedure,
  Procedures,
  ProceduresOf,
  RequestHandler,
  RequestOptions,
  SendOptions,
  UnknownProcedures,
} from './protocol/message'
