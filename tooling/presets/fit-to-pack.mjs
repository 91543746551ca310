#!/usr/bin/env node
// Before a package is packed: whether what its manifest leads to was built, from this version of it, and whether pnpm packs
// it. Fails where not.
import { existsSync, readFileSync } from 'node:fs'

/** The files that a part of a manifest names. @param {unknown} part @returns {string[]} */
function filesOf(part) {
  if (typeof part === 'string') return part.startsWith('./') ? [part] : []
  return typeof part === 'object' && part !== null ? Object.values(part).flatMap(filesOf) : []
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
const { name, version, main, module, types, exports, bin } = manifest
const copy = './dist/copy.js'
const files = [...new Set([copy, ...filesOf([main, module, types, exports, bin])])]
const flaws = files.filter(file => !existsSync(file)).map(file => `${file} is missing`)
// Which copy serves a program that loads several is decided by the version in this file (one-copy.cjs).
const built = existsSync(copy) ? /^ {2}version: '(.*)',$/m.exec(readFileSync(copy, 'utf8'))?.[1] : version
if (built !== version) flaws.push(`dist was built as version ${built}`)
/** @type {string[]} */
const ranges = Object.values({ ...manifest.dependencies, ...manifest.peerDependencies })
// The packer sets it for its scripts: `npm/10.8.2 ...` or `pnpm/10.34.9 npm/? ...`.
const isByNpm = process.env['npm_config_user_agent']?.startsWith('npm/')
if (isByNpm && ranges.some(range => range.startsWith('workspace:')))
  flaws.push('npm leaves "workspace:" in its dependencies, pnpm does not')
if (flaws.length > 0) {
  console.error(`${name} ${version} is not packed: ${flaws.join('; ')}. Run "pnpm build", then "pnpm pack".`)
  process.exitCode = 1
}
