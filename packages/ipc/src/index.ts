// The package's public face. It names what is exported, and holds no behaviour.
export type { HandleError } from './channel/acks'
export type { Channel } from './channel/channel'
export type {
  ChannelEvents,
  IncomingRequest,
  Message,
  RequestHandler,
  RequestOptions,
  SendOptions,
} from './channel/message'
export { channel } from './channel/open'
export type { ChannelOptions } from './channel/options'
export { connect, type LocalConnectOptions } from './connect'
export { type Authorize, credentialsOf, type Peer, type PeerCredentials, pidfdOf } from './credentials'
export { type Endpoint, type EndpointOptions, endpoint } from './endpoint/endpoint'
export { type PathLimit, pathLimit } from './endpoint/limits'
export { Descriptor, type DescriptorKind, type DescriptorOptions } from './handoff/descriptor'
export { descriptorOf, type Sendable, serverOf, socketOf } from './handoff/handles'
export { type RawHandoff, type RawHandoffEvents, rawHandoff } from './handoff/raw'
export { handleChannel, sendHandle } from './handoff/send-handle'
export { type LocalListenOptions, listen } from './listen/listen'
