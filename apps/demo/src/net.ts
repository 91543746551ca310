// The one place that names the network module the broker runs on.
export { connect, createServer, type Server, type Socket } from '@x/core'
