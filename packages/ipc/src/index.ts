// The package's public face. It names what is exported, and holds no behaviour.
export type { HandleError } from './channel/acks'
export type { Channel, ChannelEvents } from './channel/channel'
export type { IncomingRequest, Message, RequestHandler, RequestOptions, SendOptions } from './channel/message'
export { channel } from './channel/open'
export type { ChannelOptions } from './channel/options'
export { type Endpoint, type EndpointOptions, endpoint } from './endpoint/endpoint'
export { type PathLimit, pathLimit } from './endpoint/limits'
export { Descriptor, type DescriptorKind, type DescriptorOptions } from './handoff/descriptor'
