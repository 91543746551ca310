// What is compared: runtimes and net modules for one and the same server program. It runs nothing but to see what is
// there.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { compile } from './compile.mjs'

/**
 * @typedef {object} Arm
 * @property {string} name
 * @property {(program: string) => [string, ...string[]]} command how to run `servers/<program>`
 * @property {NodeJS.ProcessEnv} env
 * @property {readonly string[] | null} programs which servers it has; null for all
 */

/** The first is what the others are held against. */
export const ARM_NAMES = ['net', 'native', 'portable', 'bun', 'epoll']

/**
 * @param {readonly string[]} names
 * @param {{ node: string, bun: string }} runtimes
 * @returns {{ arms: Arm[], missing: { name: string, reason: string }[] }}
 */
export function chooseArms(names, runtimes) {
  /** @type {Arm[]} */
  const arms = []
  const missing = []
  for (const name of names) {
    const arm = makeArm(name, runtimes)
    if (typeof arm === 'string') missing.push({ name, reason: arm })
    else arms.push(arm)
  }
  return { arms, missing }
}

/** @param {string} name @param {{ node: string, bun: string }} runtimes @returns {Arm | string} why there is none */
function makeArm(name, { node, bun }) {
  /** @param {NodeJS.ProcessEnv} env @returns {Arm} */
  const onNode = env => ({
    name,
    command: program => [node, '--expose-gc', serverPath(program)],
    env,
    programs: null,
  })
  if (name === 'net') return onNode({ X_BENCH_NET: 'node:net' })
  if (name === 'native' || name === 'portable') {
    const arm = onNode({ X_BENCH_NET: '@x/core', X_NET_TRANSPORT: name })
    return whyNotLoading(node, arm.env) ?? arm
  }
  if (name === 'bun') {
    if (spawnSync(bun, ['--version']).status !== 0) return `no Bun: ${bun} (--bun FILE)`
    const env = { X_BENCH_NET: 'node:net' }
    return { name, command: program => [bun, serverPath(program)], env, programs: null }
  }
  const binary = compile('servers/ping-epoll.c')
  if (binary === null) return 'no C compiler (cc), or no epoll on this system'
  return { name, command: () => [binary], env: {}, programs: ['ping'] }
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
