// Brings the other Node versions that the packages support, from npm, into a cache folder outside of the repository.
// Several processes may ask at once.
//   node tooling/run/node-versions.mjs [22 24 26]     prints where they are
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const exec = promisify(execFile)

/** The supported majors. The one that runs this is among them. */
export const supportedNodes = /** @type {const} */ ([20, 22, 24, 26])

/**
 * The path of a Node of that major version: the running one where it is that, else the newest that npm has (brought
 * once; later calls take it from the cache). Throws where it is not there and the registry is out of reach.
 * @param {number} major
 * @returns {Promise<string>}
 */
export async function nodeOf(major) {
  if (Number(process.versions.node.split('.')[0]) === major) return process.execPath
  const cache = process.env.X_NODE_VERSIONS ?? path.join(tmpdir(), 'x-node-versions')
  const home = path.join(cache, String(major))
  const binary = path.join(home, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(binary)) return binary
  mkdirSync(cache, { recursive: true })
  const making = mkdtempSync(path.join(cache, `${major}-`))
  try {
    writeFileSync(path.join(making, 'package.json'), '{ "private": true }\n')
    // The package `node` is a stub that its install script fills from a package for the platform; take that one.
    const platform = process.platform === 'win32' ? 'win' : process.platform
    const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock', '--no-update-notifier']
    const source = `node@npm:node-${platform}-${process.arch}@${major}`
    await exec('npm', ['install', ...flags, source], { cwd: making, timeout: 120_000 })
    renameSync(making, home)
  } catch (error) {
    rmSync(making, { recursive: true, force: true })
    if (!existsSync(binary)) throw error
  }
  return binary
}

/**
 * As `nodeOf`, with the reason in place of an exception: for tests that skip themselves.
 * @param {number} major
 * @returns {Promise<{ node: string, reason: null } | { node: null, reason: string }>}
 */
export async function nodeOrReason(major) {
  try {
    return { node: await nodeOf(major), reason: null }
  } catch {
    return { node: null, reason: `Node ${major} is not here and npm cannot bring it` }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const majors = process.argv.length > 2 ? process.argv.slice(2).map(Number) : supportedNodes
  for (const major of majors) console.log(`${major} ${await nodeOf(major)}`)
}
