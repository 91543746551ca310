// The package's public face: its members by name, and all of them as the default export, as node:net has them.
import * as net from './public'

export * from './public'
export { net as default }
