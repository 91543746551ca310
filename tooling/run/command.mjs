// Runs one command to its end: in a process group of its own, so that a Ctrl-C at the terminal or a time limit ends all
// of it and is told by us alone. It knows nothing of what the command does.
import { spawn } from 'node:child_process'

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()
let interruptedBy = ''

/** The signal that asked this process to end, or ''. */
export function interrupted() {
  return interruptedBy
}

/**
 * @typedef {object} Options
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {boolean} [quiet]    keep the output, and show it only where the command fails
 * @property {number} [limitMs]   kill the command and its children after this long
 */

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Options} [options]
 * @returns {Promise<{ ok: boolean, code: number | null, signal: string | null, timedOut: boolean, output: string }>}
 */
export function run(command, args, { cwd, env, quiet = false, limitMs = 0 } = {}) {
  return new Promise(resolve => {
    const child = spawn(command, args, {
      cwd,
      env: env ?? process.env,
      detached: true,
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    })
    running.add(child)
    /** @type {Buffer[]} */
    const chunks = []
    child.stdout?.on('data', chunk => chunks.push(chunk))
    child.stderr?.on('data', chunk => chunks.push(chunk))
    let timedOut = false
    const limit = limitMs > 0 ? setTimeout(expire, limitMs) : undefined
    function expire() {
      timedOut = true
      signalGroup(child, 'SIGKILL')
    }
    /** @param {number | null} code @param {string | null} signal @param {string} [failure] */
    function finish(code, signal, failure = '') {
      clearTimeout(limit)
      running.delete(child)
      const output = Buffer.concat(chunks).toString() + failure
      const ok = code === 0
      if (quiet && !ok && interruptedBy === '')
        process.stderr.write(output.endsWith('\n') ? output : `${output}\n`)
      resolve({ ok, code, signal, timedOut, output })
    }
    child.once('error', error => finish(null, null, `${command}: ${error.message}\n`))
    child.once('close', finish)
    // 'close' waits for every holder of the pipes; a stray grandchild must not keep us.
    child.once('exit', () =>
      setTimeout(() => child.stdout?.destroy() && child.stderr?.destroy(), 2_000).unref(),
    )
  })
}

/**
 * From now on SIGINT, SIGTERM and SIGHUP end what runs, quietly, and then this process with 130, 143 or 129.
 * @returns {() => void} takes that back
 */
export function endOnInterrupt() {
  /** @param {NodeJS.Signals} name @param {number} number */
  const end = (name, number) => {
    if (interruptedBy !== '') return
    interruptedBy = name
    for (const child of running) signalGroup(child, 'SIGTERM')
    const exit = () => process.exit(128 + number)
    setTimeout(() => {
      for (const child of running) signalGroup(child, 'SIGKILL')
      exit()
    }, 3_000)
    const left = [...running].filter(child => child.exitCode === null && child.signalCode === null)
    Promise.all(left.map(child => new Promise(resolve => child.once('exit', resolve)))).then(exit)
  }
  process.on('SIGINT', end)
  process.on('SIGTERM', end)
  process.on('SIGHUP', end)
  return () => {
    process.off('SIGINT', end)
    process.off('SIGTERM', end)
    process.off('SIGHUP', end)
  }
}

/** @param {import('node:child_process').ChildProcess} child @param {NodeJS.Signals} signal */
function signalGroup(child, signal) {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    child.kill(signal) // no process groups here (Windows), or the group has ended
  }
}
