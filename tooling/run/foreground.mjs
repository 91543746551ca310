// Runs one program in the foreground and stands between it and the signals: each press of Ctrl-C reaches it exactly
// once. It knows nothing of the program.
import { spawn } from 'node:child_process'

/** One press reaches us more than once: from the terminal, and again from npm, which passes it on. */
const samePressMs = 500

/**
 * Runs a program until it ends, and answers this process's exit code: the program's own, and 0 where it ended by the
 * signal that it was sent.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @param {'ignore' | 'inherit'} stdin whether it reads from the terminal
 * @returns {Promise<number>}
 */
export function runForeground(command, args, env, stdin = 'ignore') {
  // In a session of its own, so that the terminal's Ctrl-C does not reach it beside the signal that we send.
  const child = spawn(command, args, { env, detached: true, stdio: [stdin, 'inherit', 'inherit'] })
  let isAsked = false
  let lastPress = Number.NEGATIVE_INFINITY
  /** @param {NodeJS.Signals} signal */
  const pass = signal => {
    const now = performance.now()
    if (now - lastPress < samePressMs) return
    lastPress = now
    isAsked = true
    // A terminal that goes away means stop; to a daemon, SIGHUP would mean reload.
    child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal)
  }
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, pass)
  return new Promise(resolve => {
    child.once('error', error => {
      console.error(error.message)
      resolve(1)
    })
    child.once('exit', (code, signal) => {
      if (signal !== null && !isAsked) console.error(`${command} was ended by ${signal}`)
      resolve(signal === null ? (code ?? 1) : isAsked ? 0 : 1)
    })
  })
}
