#!/usr/bin/env node
// Compiles the addon for this machine into prebuilds/, against the headers of the Node that runs it. It needs no network.
// Where there is no compiler, or it fails, it says so in one line and succeeds: the portable transport serves.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
const sources = path.join(here, 'src')

/** The folder under prebuilds/ for the running system: platform, processor, and musl where that is its C library. */
export function target() {
  const musl = process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime
  return `${process.platform}-${process.arch}${musl ? '-musl' : ''}`
}

/** The folder with node_api.h and uv.h: the running Node's own, else what node-gyp would find; null where there is none. */
export function headers() {
  const prefix = path.dirname(path.dirname(process.execPath))
  const nodedir = process.env.npm_config_nodedir
  const platformPackage = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const candidates = [
    process.env.X_NODE_HEADERS,
    nodedir && path.join(nodedir, 'include', 'node'),
    path.join(prefix, 'include', 'node'),
    // npm's `node` package keeps the distribution in a package per platform.
    path.join(prefix, 'node_modules', platformPackage, 'include', 'node'),
    path.join(homedir(), '.cache', 'node-gyp', process.versions.node, 'include', 'node'),
    '/usr/local/include/node',
    '/usr/include/node',
  ]
  return (
    candidates.find(
      dir => dir && existsSync(path.join(dir, 'node_api.h')) && existsSync(path.join(dir, 'uv.h')),
    ) ?? null
  )
}

/**
 * Compiles the addon to `output`, through a file beside it, so that a build that runs at the same time or stops half-way
 * leaves no broken one.
 * @param {{ output: string, flags?: string[], from?: string, compiler?: string }} options  flags come after the
 *   standard ones; `from` is a folder of sources other than ours
 * @returns {string | null}  what went wrong, in a line
 */
export function compile({ output, flags = [], from = sources, compiler = process.env.CC || 'cc' }) {
  if (process.platform === 'win32') return 'the native transport is for POSIX systems'
  const include = headers()
  if (!include) return 'no headers of Node found (X_NODE_HEADERS names their folder)'
  const list = readdirSync(from)
    .filter(name => name.endsWith('.c'))
    .map(name => path.join(from, name))
  const link =
    process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared', '-pthread']
  const standard = ['-std=c11', '-D_GNU_SOURCE', '-O2', '-fPIC', '-fvisibility=hidden', '-Wall', '-Wextra']
  const temporary = `${output}.${process.pid}`
  mkdirSync(path.dirname(output), { recursive: true })
  const args = [...standard, ...link, ...flags, `-I${include}`, '-o', temporary, ...list]
  const run = spawnSync(compiler, args, { encoding: 'utf8' })
  if (run.error) return `no C compiler (${compiler}: ${run.error.code})`
  if (run.stderr && process.env.X_NATIVE_VERBOSE) process.stderr.write(run.stderr)
  if (run.status !== 0) {
    rmSync(temporary, { force: true })
    return `${compiler} failed (${run.signal ?? run.status}; X_NATIVE_VERBOSE=1 shows how)`
  }
  renameSync(temporary, output)
  return null
}

function fingerprint() {
  const hash = createHash('sha256').update(`${process.env.CC ?? 'cc'} ${target()}`)
  for (const name of readdirSync(sources).sort())
    hash.update(name).update(readFileSync(path.join(sources, name)))
  return hash.update(readFileSync(fileURLToPath(import.meta.url))).digest('hex')
}

function build() {
  const output = path.join(here, '..', 'prebuilds', target(), 'x_net.node')
  const stamp = path.join(here, '..', 'build', `native-${target()}.sha256`)
  const wanted = fingerprint()
  if (existsSync(output) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  const problem = compile({ output })
  if (problem) {
    rmSync(output, { force: true })
    console.log(`native transport: not built, ${problem}; the portable one serves`)
    return
  }
  mkdirSync(path.dirname(stamp), { recursive: true })
  writeFileSync(stamp, wanted)
  console.log(`native transport: built for ${target()}`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build()
