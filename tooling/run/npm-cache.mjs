// Brings packages from npm that are too large, or too many, to be dependencies of the workspace (other Nodes, a cross
// compiler), into a cache folder outside of the repository. Several processes may ask at once.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { HANG_MS } from '../presets/hang-limit.mjs'

const exec = promisify(execFile)

/**
 * The folder of an installed package, by `name@spec` as npm takes it; an alias (`node@npm:...`) has the alias's name. Where
 * several are given, they are installed together, and the folder is the first one's.
 * It is brought once; later calls take it from the cache. No install script runs. Throws where it is not there and the
 * registry is out of reach.
 * @param {string} key   the package's name in the cache
 * @param {string | readonly string[]} specs  such as `left-pad@1.3.0`
 * @param {Record<string, string>} [overrides]  of its dependencies' versions
 * @returns {Promise<string>}
 */
export async function bring(key, specs, overrides = {}) {
  const cache = process.env.X_NODE_VERSIONS ?? path.join(tmpdir(), 'x-node-versions')
  const home = path.join(cache, key)
  const [first = '', ...more] = [specs].flat()
  const name = /^(@?[^@]+)@/.exec(first)?.[1] ?? first
  const folder = path.join(home, 'node_modules', name)
  if (existsSync(folder)) return folder
  mkdirSync(cache, { recursive: true })
  const making = mkdtempSync(path.join(cache, `${key}-`))
  try {
    writeFileSync(path.join(making, 'package.json'), JSON.stringify({ private: true, overrides }))
    // `--force`: for another processor too.
    const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock', '--force']
    await exec('npm', ['install', '--no-update-notifier', ...flags, first, ...more], {
      cwd: making,
      timeout: HANG_MS,
    })
    renameSync(making, home)
  } catch (error) {
    rmSync(making, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
  return folder
}
