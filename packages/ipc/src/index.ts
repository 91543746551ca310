// The package's public face. It names what is exported, and holds no behaviour.
export { type Endpoint, type EndpointOptions, endpoint } from './endpoint/endpoint'
export { type PathLimit, pathLimit } from './endpoint/limits'
