// Runs a program of scenes in a process on node:net and in one on each transport, and compares the logs. It knows no scene.
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { HANG_MS } from '@x/presets/hang-limit'

const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname)
const folder = path.join(here, 'programs')
const register = path.join(here, '../../../packages/core/dist/register')

export const programs = readdirSync(folder).map(file => path.basename(file, '.mjs'))

/** The ways to register. @type {Record<string, string[]>} */
const flags = {
  import: ['--import', pathToFileURL(`${register}.mjs`).href],
  require: ['--require', `${register}.js`],
}

/**
 * @typedef {import('./scene.mjs').Log} Log
 * @typedef {object} Difference
 * @property {string} arm
 * @property {string} scene
 * @property {string} actor
 * @property {string[]} expected
 * @property {string[]} got
 */

/** How often a log that differs is compared with one more of each side: some scenes have several outcomes. */
const AGAIN = 4

/**
 * @param {string} program
 * @param {{ arms: readonly string[], env?: Record<string, string>, by?: 'import' | 'require' }} how
 * @returns {Promise<{ scenes: Record<string, Log>, differences: Difference[] }>}
 */
export async function compareProgram(program, { arms, env = {}, by = 'import' }) {
  const expected = [await logsOf(program, 'node:net', by, env)]
  /** @type {Difference[]} */
  const differences = []
  for (const arm of arms) {
    const got = await logsOf(program, arm, by, env)
    let found = differencesOf(expected, got, arm)
    for (let i = 0; i < AGAIN && found.length > 0; i++) {
      expected.push(await logsOf(program, 'node:net', by, env))
      found = differencesOf(expected, got, arm)
    }
    differences.push(...found)
  }
  return { scenes: expected[0] ?? {}, differences }
}

/** What is in none of the logs of node:net. @param {Record<string, Log>[]} expected @param {Record<string, Log>} got @param {string} arm */
function differencesOf(expected, got, arm) {
  /** @type {Difference[]} */
  const found = []
  const [first = {}] = expected
  for (const scene of new Set([...Object.keys(first), ...Object.keys(got)])) {
    const actors = new Set([...Object.keys(first[scene] ?? {}), ...Object.keys(got[scene] ?? {})])
    for (const actor of actors) {
      const seen = got[scene]?.[actor] ?? []
      const isOne = expected.some(logs => String(logs[scene]?.[actor] ?? []) === String(seen))
      if (!isOne) found.push({ arm, scene, actor, expected: first[scene]?.[actor] ?? [], got: seen })
    }
  }
  return found
}

/** @param {string} program @param {string} arm @param {'import' | 'require'} by @param {Record<string, string>} env @returns {Promise<Record<string, Log>>} */
function logsOf(program, arm, by, env) {
  const { NODE_OPTIONS: _ours, X_NET_TRANSPORT: _forced, ...inherited } = process.env
  const isOurs = arm !== 'node:net'
  const words = [...(isOurs ? (flags[by] ?? []) : []), path.join(folder, `${program}.mjs`)]
  const settings = {
    env: { ...inherited, ...env, ...(isOurs && { X_NET_TRANSPORT: arm }) },
    timeout: HANG_MS / 5,
    killSignal: /** @type {const} */ ('SIGKILL'),
    maxBuffer: 64 << 20,
  }
  return new Promise(resolve => {
    execFile(process.execPath, words, settings, (error, stdout, stderr) => {
      if (error === null) resolve(JSON.parse(stdout))
      else resolve({ program: { process: [`ends with ${error.signal ?? error.code}`, stderr] } })
    })
  })
}
