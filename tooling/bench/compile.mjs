// Builds the bench's C programs, where there is a compiler.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** @type {Map<string, string | null>} what was built, by source */
const built = new Map()

/** @param {string} source a file beside this one @returns {string | null} the binary, or null for no compiler or the wrong system */
export function compile(source) {
  const known = built.get(source)
  if (known !== undefined) return known
  const folder = mkdtempSync(path.join(tmpdir(), 'x-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const binary = path.join(folder, path.basename(source, '.c'))
  spawnSync('cc', ['-O2', '-o', binary, fileURLToPath(new URL(source, import.meta.url))])
  const result = existsSync(binary) ? binary : null
  built.set(source, result)
  return result
}
