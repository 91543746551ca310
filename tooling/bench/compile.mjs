// Builds the bench's C programs, where there is a compiler.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** @param {string} source a file beside this one @returns {string | null} the binary, or null for no compiler or the wrong system */
export function compile(source) {
  const binary = join(mkdtempSync(join(tmpdir(), 'x-bench-')), 'program')
  spawnSync('cc', ['-O2', '-o', binary, fileURLToPath(new URL(source, import.meta.url))])
  return existsSync(binary) ? binary : null
}
