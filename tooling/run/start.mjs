// `npm start`: installs, builds, and runs the demo until Ctrl-C. What the demo does and prints is its own; arguments
// after `--` are handed to it (`npm start -- --help`).
import { spawn } from 'node:child_process'
import path from 'node:path'
import { endOnInterrupt } from './command.mjs'
import { prepare } from './prepare.mjs'
import { root } from './workspace.mjs'

/** One Ctrl-C reaches us more than once: from the terminal, and again from npm, which passes it on. */
const samePressMs = 300

const stopEnding = endOnInterrupt()
try {
  const env = await prepare()
  stopEnding()
  demo(env)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

/** @param {NodeJS.ProcessEnv} env */
function demo(env) {
  // In a session of its own, so that the terminal's Ctrl-C does not reach it beside the signal that we send.
  const child = spawn(
    process.execPath,
    [path.join(root, 'apps/demo/dist/main.js'), ...process.argv.slice(2)],
    {
      env,
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  )
  let asked = false
  let lastPress = Number.NEGATIVE_INFINITY
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      const now = performance.now()
      if (now - lastPress < samePressMs) return
      lastPress = now
      asked = true
      // A terminal that goes away means stop; to a daemon, SIGHUP would mean reload.
      child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal)
    })
  }
  child.once('error', error => {
    console.error(error.message)
    process.exitCode = 1
  })
  child.once('exit', (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : asked ? 0 : 1
    if (signal !== null && !asked) console.error(`the demo was ended by ${signal}`)
    process.exit()
  })
}
