// Brings the other Node versions that the packages support, from npm, into a cache folder outside of the repository.
// Several processes may ask at once.
//   node tooling/run/node-versions.mjs [22 24.0.0 26]     prints where they are
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { bring } from './npm-cache.mjs'

/** The supported majors. The one that runs this is among them. */
export const supportedNodes = /** @type {const} */ ([20, 22, 24, 26])

/** The oldest release of each supported line that the packages run on; `engines` in their manifests says the same. */
export const oldestNodes = /** @type {const} */ (['20.6.0', '22.0.0', '24.0.0', '26.0.0'])

/**
 * The path of a Node of a major version (a number) or of exactly a version (a string): the running one where it is that,
 * else the newest that npm has (brought once; later calls take it from the cache). Throws where it is not there and the
 * registry is out of reach.
 * @param {number | string} version
 * @returns {Promise<string>}
 */
export async function nodeOf(version) {
  const running = process.versions.node
  if (version === running || Number(running.split('.')[0]) === version) return process.execPath
  const platform = process.platform === 'win32' ? 'win' : process.platform
  // The package `node` is a stub that its install script fills from a package for the platform; take that one.
  const folder = await bring(String(version), `node@npm:node-${platform}-${process.arch}@${version}`)
  return path.join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
}

/**
 * As `nodeOf`, with the reason in place of an exception: for tests that skip themselves.
 * @param {number | string} version
 * @returns {Promise<{ node: string, reason: null } | { node: null, reason: string }>}
 */
export async function nodeOrReason(version) {
  try {
    return { node: await nodeOf(version), reason: null }
  } catch {
    return { node: null, reason: `Node ${version} is not here and npm cannot bring it` }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const words = process.argv.slice(2)
  const wanted =
    words.length > 0 ? words.map(word => (/^\d+$/.test(word) ? Number(word) : word)) : supportedNodes
  for (const version of wanted) console.log(`${version} ${await nodeOf(version)}`)
}
