// `npm start`: installs, builds, and runs the demo until Ctrl-C. What the demo does and prints is its own; arguments
// after `--` are handed to it (`npm start -- --help`).
import path from 'node:path'
import { endOnInterrupt } from './command.mjs'
import { runForeground } from './foreground.mjs'
import { prepare } from './prepare.mjs'
import { root } from './workspace.mjs'

const stopEnding = endOnInterrupt()
try {
  const env = await prepare('@x/demo')
  stopEnding()
  const demo = path.join(root, 'apps/demo/dist/main.js')
  const words = process.argv.slice(2)
  // The tour asks questions; everything else goes on without a terminal.
  const stdin = words.includes('--tour') ? 'inherit' : 'ignore'
  process.exit(await runForeground(process.execPath, [demo, ...words], env, stdin))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
