// Lists the files that belong to the repository and reads them. It judges nothing.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'

const made = new Set(['node_modules', 'dist', 'build', 'prebuilds', 'coverage', '.turbo', '.git', '.reports'])

/**
 * Paths from `top`, with forward slashes: what git tracks or would add; without git, all but what builds make.
 * @param {string} top
 * @returns {string[]}
 */
export function trackedFiles(top) {
  if (existsSync(path.join(top, '.git'))) {
    const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: top,
    })
    const names = new Set(listed.toString().split('\0').filter(Boolean))
    return [...names]
      .filter(name => existsSync(path.join(top, name)) && statSync(path.join(top, name)).isFile())
      .sort()
  }
  return walk(top, '').sort()
}

/** @param {string} top @param {string} under @returns {string[]} */
function walk(top, under) {
  return readdirSync(path.join(top, under), { withFileTypes: true }).flatMap(entry => {
    const name = under === '' ? entry.name : `${under}/${entry.name}`
    if (entry.isDirectory()) return made.has(entry.name) ? [] : walk(top, name)
    return entry.isFile() ? [name] : []
  })
}

/** The text of a file, or null where it is binary. @param {string} top @param {string} name */
export function textOf(top, name) {
  const bytes = readFileSync(path.join(top, name))
  return bytes.subarray(0, 8_000).includes(0) ? null : bytes.toString('utf8')
}
