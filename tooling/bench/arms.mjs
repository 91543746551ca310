// What is compared: runtimes and net modules for one and the same server program. It runs nothing but to see what is
// there.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { compile } from './compile.mjs'
import { bringBun, bringDeno, versionOf } from './runtimes.mjs'

/**
 * @typedef {object} Arm
 * @property {string} name
 * @property {string} title with its version
 * @property {(program: string) => string[]} command how to run `servers/<program>`
 * @property {NodeJS.ProcessEnv} env
 */

/**
 * @typedef {object} Runtimes
 * @property {string} node
 * @property {string | undefined} bun a program; without it, the pinned one of npm
 * @property {string | undefined} deno
 */

/** The first is what the others are held against. */
export const ARM_NAMES = ['net', 'native', 'portable', 'bun', 'deno', 'c']

/**
 * @param {readonly string[]} names
 * @param {Runtimes} runtimes
 * @returns {Promise<{ arms: Arm[], missing: { name: string, reason: string }[] }>}
 */
export async function chooseArms(names, runtimes) {
  if (versionOf(runtimes.node) === null) throw new RangeError(`--node: ${runtimes.node} does not run`)
  /** @type {Arm[]} */
  const arms = []
  const missing = []
  for (const name of names) {
    const arm = await makeArm(name, runtimes)
    if (typeof arm === 'string') missing.push({ name, reason: arm })
    else arms.push(arm)
  }
  return { arms, missing }
}

/** @param {string} name @param {Runtimes} runtimes @returns {Promise<Arm | string>} why there is none */
async function makeArm(name, { node, bun, deno }) {
  if (name === 'net') return onNode(name, `node:net ${versionOf(node)}`, node, { X_BENCH_NET: 'node:net' })
  if (name === 'native' || name === 'portable') {
    const arm = onNode(name, `@x/core ${name}`, node, { X_BENCH_NET: '@x/core', X_NET_TRANSPORT: name })
    return whyNotLoading(node, arm.env) ?? arm
  }
  if (name === 'bun') {
    return otherRuntime({ name, title: 'Bun', program: bun, bring: bringBun, flags: [] })
  }
  if (name === 'deno') {
    const flags = ['run', '-A', '--quiet', '--node-modules-dir=manual', '--v8-flags=--expose-gc']
    return otherRuntime({ name, title: 'Deno', program: deno, bring: bringDeno, flags })
  }
  const binary = compile('servers/epoll.c')
  if (binary === null) return 'no C compiler (cc), or no epoll on this system'
  return { name, title: 'C on epoll', command: program => [binary, program], env: {} }
}

/** @param {string} name @param {string} title @param {string} node @param {NodeJS.ProcessEnv} env @returns {Arm} */
export function onNode(name, title, node, env) {
  return { name, title, command: program => [node, '--expose-gc', serverPath(program)], env }
}

/** @param {{ name: string, title: string, program: string | undefined, bring: () => Promise<string>, flags: string[] }} how @returns {Promise<Arm | string>} */
async function otherRuntime({ name, title, program, bring, flags }) {
  const found = program ?? (await bring().catch(() => null))
  if (found === null) return 'it is not here, and npm cannot bring it'
  const version = versionOf(found)
  if (version === null) return `it does not run (--${name} FILE names another)`
  const env = { X_BENCH_NET: 'node:net', DENO_NO_UPDATE_CHECK: '1', DO_NOT_TRACK: '1' }
  return { name, title: `${title} ${version}`, command: server => [found, ...flags, serverPath(server)], env }
}

/** @param {string} program */
function serverPath(program) {
  return fileURLToPath(new URL(`servers/${program}.mjs`, import.meta.url))
}

/** @param {string} node @param {NodeJS.ProcessEnv} env @returns {string | null} */
function whyNotLoading(node, env) {
  const script = `
    const core = require('@x/core')
    const { selectTransport } = require('@x/core/transport')
    selectTransport()
    if (typeof core.createServer !== 'function') throw new Error('@x/core has no createServer in this build')`
  const cwd = fileURLToPath(new URL('.', import.meta.url))
  const { status, stderr } = spawnSync(node, ['-e', script], {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
  })
  return status === 0 ? null : (/Error.*: (.*)/.exec(stderr)?.[1] ?? 'it does not load')
}
