// Other runtimes and loads that the bench brings from npm on demand, at one pinned version each, into the cache folder of
// tooling/run. They are no dependency of anything.
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { bring } from '@x/run/npm-cache'

const BUN = '1.4.5'
const DENO = '2.9.6'
const AUTOCANNON = '9.0.0'

/** @returns {Promise<string>} the program; throws where npm cannot bring it */
export async function bringBun() {
  const folder = await bring(`bun-${BUN}`, `bun@npm:@oven/bun-${process.platform}-${process.arch}@${BUN}`)
  return path.join(folder, 'bin', process.platform === 'win32' ? 'bun.exe' : 'bun')
}

/** @returns {Promise<string>} the program; throws where npm cannot bring it */
export async function bringDeno() {
  const system =
    process.platform === 'linux' ? `linux-${process.arch}-glibc` : `${process.platform}-${process.arch}`
  const folder = await bring(`deno-${DENO}`, `deno@npm:@deno/${system}@${DENO}`)
  return path.join(folder, process.platform === 'win32' ? 'deno.exe' : 'deno')
}

/** @returns {Promise<string>} the script; throws where npm cannot bring it */
export async function bringAutocannon() {
  return path.join(await bring(`autocannon-${AUTOCANNON}`, `autocannon@${AUTOCANNON}`), 'autocannon.js')
}

/** What it says of its version, or null where it does not run. @param {string} program */
export function versionOf(program) {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' })
  if (status !== 0) return null
  return /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? null
}
