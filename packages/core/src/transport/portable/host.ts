// What the running host's node:net can do beyond the oldest supported Node; found by looking, not by trying.

import { isMainThread } from 'node:worker_threads'
import { nodeMajor, platform } from '../../host'
import type { Feature } from '../contract'
import { nodeNet } from './node-net'

/** Neither Bun nor Deno, whose node:net is another inside. */
export const isNode = process.versions['bun'] === undefined && process.versions['deno'] === undefined
const nodeMinor = Number(process.versions.node?.split('.')[1] ?? 0)

/** `net.Socket#setTypeOfService` is there (Node 24.15 and 25.6 on). */
export function hasTypeOfService(): boolean {
  return 'setTypeOfService' in nodeNet().Socket.prototype
}

/** `setKeepAlive` takes the interval and the count of the probes. */
export function hasKeepAliveProbes(): boolean {
  return nodeNet().Socket.prototype.setKeepAlive.length === 4
}

/** `server.listen({ reusePort })` is there (Node 22.12 and 23.1 on) and the platform spreads connections. */
export const hasReusePort =
  isNode &&
  (nodeMajor > 23 || (nodeMajor === 23 && nodeMinor >= 1) || (nodeMajor === 22 && nodeMinor >= 12)) &&
  ['linux', 'freebsd', 'dragonfly', 'sunos', 'aix'].includes(platform)

/** The process's umask can be set for the moment of a bind; in a worker thread Node refuses that. */
export const canSetUmask = isMainThread && platform !== 'win32'

// Before libuv 1.48 an abstract name was padded with NULs to the longest (libuv#4266): names that no other program has.
const [uvMajor = 0, uvMinor = 0] = (process.versions['uv'] ?? '').split('.').map(Number)
const hasAbstractNames = ['linux', 'android'].includes(platform) && (!isNode || uvMajor > 1 || uvMinor >= 48)

/** Sockets can be made of descriptors. */
export const canAdopt = isNode && platform !== 'win32'

export function supports(feature: Feature): boolean {
  return feature === 'abstract-path' && hasAbstractNames
}
