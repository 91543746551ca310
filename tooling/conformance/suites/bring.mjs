// Brings the packages of a suite from npm, at their exact versions, into a cache outside of the repository. It runs none
// of them, and no install script.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { HANG_MS } from '@x/presets/hang-limit'
import { hasProgram } from '@x/run/debian'

const exec = promisify(execFile)

/**
 * The folder of the package whose suite it is, or why it is not here. Several processes may ask at once.
 * @param {import('./table.mjs').Suite} suite
 * @returns {Promise<{ folder: string, reason: null } | { folder: null, reason: string }>}
 */
export async function bring({ name, packages, programs = [] }) {
  const missing = programs.find(program => !hasProgram(program))
  if (missing !== undefined) return { folder: null, reason: `there is no ${missing}` }
  const wanted = Object.entries(packages).map(([one, version]) => `${one}@${version}`)
  const key = createHash('sha256').update(wanted.join(' ')).digest('hex').slice(0, 12)
  const cache = path.join(tmpdir(), 'x-suites')
  const home = path.join(cache, `${name}-${key}`)
  const folder = path.join(home, 'node_modules', name)
  if (existsSync(folder)) return { folder, reason: null }
  mkdirSync(cache, { recursive: true })
  const making = mkdtempSync(path.join(cache, `${name}-`))
  try {
    writeFileSync(path.join(making, 'package.json'), '{ "private": true }\n')
    const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock', '--no-update-notifier']
    await exec('npm', ['install', '--silent', '--save-exact', ...flags, ...wanted], {
      cwd: making,
      timeout: HANG_MS,
    })
    renameSync(making, home)
    return { folder, reason: null }
  } catch {
    rmSync(making, { recursive: true, force: true })
    // Another process may have been faster.
    return existsSync(folder)
      ? { folder, reason: null }
      : { folder: null, reason: `npm cannot bring ${name}` }
  }
}
