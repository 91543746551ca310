#!/usr/bin/env node
// Compiles the addon into prebuilds/, against the headers of the Node that runs it, in the folder of the system that the
// compiler builds for. It needs no network. Where there is no compiler, or it fails, it says so in one line and succeeds:
// the portable transport serves.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { readBinary } from './binary.mjs'

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

/** What is written into each binary: the sources that it was made of. `readMark` reads it back. */
export function sourcesMark(from = sources) {
  const hash = createHash('sha256')
  for (const name of readdirSync(from).sort()) hash.update(name).update(readFileSync(path.join(from, name)))
  return hash.update(readFileSync(fileURLToPath(import.meta.url))).digest('hex')
}

/** @typedef {{ sources: string, compiler: string }} Mark */

/** The mark of a binary; null where there is none. @param {string} file @returns {Mark | null} */
export function readMark(file) {
  if (!existsSync(file)) return null
  const found = /x-net of ([0-9a-f]{64}) by ([^\0]*)\0/.exec(readFileSync(file, 'latin1'))
  return found === null ? null : { sources: found[1], compiler: found[2] }
}

/**
 * Compiles the addon to `output`, through a file beside it, so that a build that runs at the same time or stops half-way
 * leaves no broken one.
 * @param {{ output: string, flags?: string[], from?: string, compiler?: string, platform?: NodeJS.Platform }} options
 *   flags come after the standard ones; `from` is a folder of sources other than ours; `compiler` may have arguments
 * @returns {string | null}  what went wrong, in a line
 */
export function compile(options) {
  const { output, flags = [], from = sources, compiler = process.env.CC || 'cc' } = options
  const { platform = process.platform } = options
  if (platform === 'win32') return 'the native transport is for POSIX systems'
  const include = headers()
  if (!include) return 'no headers of Node found (X_NODE_HEADERS names their folder)'
  const list = readdirSync(from)
    .filter(name => name.endsWith('.c'))
    .map(name => path.join(from, name))
  const link = platform === 'darwin' ? ['-shared', '-Wl,-undefined,dynamic_lookup'] : ['-shared', '-pthread']
  const standard = ['-std=c11', '-D_GNU_SOURCE', '-O2', '-fPIC', '-fvisibility=hidden', '-Wall', '-Wextra']
  const temporary = `${output}.${process.pid}`
  mkdirSync(path.dirname(output), { recursive: true })
  const mark = `${temporary}.c`
  const [program = 'cc', ...words] = compiler.split(/\s+/)
  const text = `x-net of ${sourcesMark(from)} by ${markOf(compiler)}`
  // Exported, since some linkers drop what nothing refers to.
  writeFileSync(mark, `__attribute__((visibility("default"))) const char x_net_mark[] = "${text}";\n`)
  const args = [...words, ...standard, ...link, ...flags, `-I${include}`, '-o', temporary, ...list, mark]
  const run = spawnSync(program, args, { encoding: 'utf8' })
  rmSync(mark)
  if (run.error) return `no C compiler (${program}: ${run.error.code})`
  if (run.stderr && process.env.X_NATIVE_VERBOSE) process.stderr.write(run.stderr)
  if (run.status !== 0) {
    rmSync(temporary, { force: true })
    return `${program} failed (${run.signal ?? run.status}; X_NATIVE_VERBOSE=1 shows how)`
  }
  renameSync(temporary, output)
  return null
}

/** A compiler as a mark names it: without its folder, which is of one machine. @param {string} compiler */
function markOf(compiler) {
  const [program = '', ...words] = compiler.split(/\s+/)
  return [path.basename(program), ...words].join(' ').replaceAll(/["\\]/g, '')
}

/** The folder of the binaries. */
export const prebuilds = path.join(here, '..', 'prebuilds')

/** Where the binary for a system belongs. @param {string} system */
export function placeOf(system) {
  return path.join(prebuilds, system, 'x_net.node')
}

function build() {
  const compiler = process.env.CC || 'cc'
  const wanted = sourcesMark()
  const host = placeOf(target())
  const there = readMark(host)
  // A prebuilt binary of these sources serves as well as one that is compiled here.
  if (there?.sources === wanted && (there.compiler === markOf(compiler) || there.compiler.startsWith('zig ')))
    return
  const output = path.join(here, '..', 'build', 'x_net.node')
  const problem = compile({ output, compiler })
  if (there?.sources !== wanted) rmSync(host, { force: true })
  if (problem) {
    console.log(`native transport: not built, ${problem}; the portable one serves`)
    return
  }
  const built = readBinary(output).target
  const place = placeOf(built)
  mkdirSync(path.dirname(place), { recursive: true })
  renameSync(output, place)
  const other =
    built === target() ? '' : `, which is not this machine (${target()}): the portable one serves here`
  console.log(`native transport: built for ${built}${other}`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build()
