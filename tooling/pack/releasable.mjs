#!/usr/bin/env node
// Whether a checkout may be released: everything is committed, and each changeset has become part of a version. It
// publishes nothing.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from '@x/run/workspace'

/** What keeps a checkout from being released, a sentence each. @param {string} folder @returns {string[]} */
export function obstacles(folder) {
  const found = []
  const changed = execFileSync('git', ['status', '--porcelain'], { cwd: folder, encoding: 'utf8' }).trimEnd()
  if (changed !== '') found.push(`These files are not committed:\n${changed}`)
  const pending = pendingChangesets(path.join(folder, '.changeset'))
  if (pending.length > 0)
    found.push(
      `No version has these changesets yet: ${pending.join(', ')}. Run "pnpm version-packages" first.`,
    )
  return found
}

/** In a prerelease the files stay, and pre.json lists those that a version has. @param {string} folder @returns {string[]} */
function pendingChangesets(folder) {
  const pre = path.join(folder, 'pre.json')
  /** @type {string[]} */
  const released = existsSync(pre) ? JSON.parse(readFileSync(pre, 'utf8')).changesets : []
  const names = readdirSync(folder).filter(name => name.endsWith('.md') && name !== 'README.md')
  return names.map(name => name.slice(0, -'.md'.length)).filter(name => !released.includes(name))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = obstacles(root)
  if (found.length > 0) {
    process.exitCode = 1
    console.error(`Nothing is released. ${found.join('\n')}`)
  }
}
