// The one place that names the network module the broker runs on.
export { BlockList, connect, createServer, isIPv4, isIPv6, type Server, type Socket } from '@x/core'
