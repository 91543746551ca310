// The public face of the transport layer (`@x/core/transport`): for packages and tests that bring or choose a transport.
export * from './contract'
