// Runs the test files of a package, on node:net or registered on a transport, and answers the outcome of each test. It
// judges nothing.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { HANG_MS } from '@x/presets/hang-limit'
import { hasProgram } from '@x/run/debian'

/** @typedef {'node:net' | 'native' | 'portable'} Arm */

export const arms = /** @type {const} */ (['node:net', 'native', 'portable'])

const here = path.dirname(fileURLToPath(import.meta.url))
const register = pathToFileURL(path.join(here, '../../../packages/core/dist/register.mjs')).href

/**
 * Every test of the suite by name: 'passed', 'failed', or how its file ended.
 * @param {import('./table.mjs').Suite} suite @param {string} folder  of the package
 * @param {Arm} arm @param {string} [node]
 * @returns {Promise<Map<string, string>>}
 */
export async function outcomesOf(suite, folder, arm, node = process.execPath) {
  /** @type {Map<string, string>} */
  const outcomes = new Map()
  for (const file of suite.files) {
    const ended = await alone(folder, () => runFile(suite, folder, { file, arm, node }))
    const tests = readTests(suite.runner, ended.stdout)
    outcomes.set(file, ended.how)
    for (const [name, outcome] of tests) outcomes.set(`${file} > ${name}`, outcome)
  }
  return outcomes
}

/**
 * @param {import('./table.mjs').Suite} suite @param {string} folder
 * @param {{ file: string, arm: Arm, node: string }} what
 * @returns {Promise<{ how: string, stdout: string }>}
 */
function runFile({ runner }, folder, { file, arm, node }) {
  const place = file.startsWith('ours/') ? path.join(here, file) : file
  const words = {
    script: [place],
    'node:test': ['--test-reporter=tap', place],
    mocha: [path.join(folder, '../mocha/bin/_mocha'), '--exit', '--reporter', 'json', place],
  }[runner]
  const { NODE_OPTIONS: _ours, ...env } = process.env
  const isOurs = arm !== 'node:net'
  return new Promise(resolve => {
    execFile(
      node,
      [...(isOurs ? ['--import', register] : []), ...words],
      {
        cwd: folder,
        env: isOurs ? { ...env, X_NET_TRANSPORT: arm } : env,
        // A file is one of several in a test, which has HANG_MS.
        timeout: HANG_MS / 5,
        killSignal: 'SIGKILL',
        maxBuffer: 64 << 20,
      },
      (error, stdout) => {
        const how =
          error === null ? 'passed' : error.killed ? 'hung' : `ended with ${error.signal ?? error.code}`
        resolve({ how, stdout })
      },
    )
  })
}

/**
 * Does `act` while no other run of these tests on this machine has a file of the same suite under way: some listen on fixed
 * ports. The time for which it waits is not that of the file. Where no lock can be had by flock(1), it does not wait.
 * @template T @param {string} folder  of the package @param {() => Promise<T>} act @returns {Promise<T>}
 */
async function alone(folder, act) {
  if (!hasProgram('flock')) return act()
  const holder = spawn('flock', ['--no-fork', folder, 'cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
  holder.stdin.on('error', () => {})
  // It comes back once `cat` runs, which is once the folder is locked.
  holder.stdin.write('locked')
  await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')])
  try {
    return await act()
  } finally {
    holder.stdin.end()
  }
}

/** @param {import('./table.mjs').Suite['runner']} runner @param {string} text @returns {[string, string][]} */
function readTests(runner, text) {
  if (runner === 'script') return []
  if (runner === 'node:test') {
    return [...text.matchAll(/^ *(not ok|ok) \d+ - (.*?)( # [A-Z]{4}.*)?$/gm)].map(
      ([, mark, name = '', note]) => [name, note ? 'skipped' : mark === 'ok' ? 'passed' : 'failed'],
    )
  }
  const start = text.indexOf('{\n')
  if (start < 0) return []
  /** @type {{ passes: { fullTitle: string }[], failures: { fullTitle: string }[] }} */
  const { passes, failures } = JSON.parse(text.slice(start, text.lastIndexOf('}') + 1))
  return [
    ...passes.map(({ fullTitle }) => /** @type {[string, string]} */ ([fullTitle, 'passed'])),
    ...failures.map(({ fullTitle }) => /** @type {[string, string]} */ ([fullTitle, 'failed'])),
  ]
}

/** The tests whose outcomes are not the same, with both. @param {Map<string, string>} expected @param {Map<string, string>} got */
export function unequal(expected, got) {
  return [...new Set([...expected.keys(), ...got.keys()])]
    .filter(name => expected.get(name) !== got.get(name))
    .map(
      name => `${name}: ${expected.get(name) ?? 'not run'} on node:net, ${got.get(name) ?? 'not run'} here`,
    )
}
