// `pnpm bench`: runs the chosen benches on the chosen arms and prints ratios against node:net.
import { writeFileSync } from 'node:fs'
import { endChildrenAtExit } from './child.mjs'
import { HELP, parseOptions } from './options.mjs'
import { checkWritable, runBenches } from './run.mjs'
import { formatTable } from './summary.mjs'

/** @type {Readonly<Record<string, (words: string[]) => Promise<void>>>} */
const commands = {
  compare: async words => (await import('./compare/main.mjs')).compare(words),
  profile: async words => (await import('./profile/main.mjs')).profile(words),
  report: async words => (await import('./report/main.mjs')).report(words),
  crossing: async words => (await import('./crossing/main.mjs')).benchCrossing(words),
  ipc: async words => (await import('./ipc/main.mjs')).benchIpc(words),
  spread: async words => (await import('./spread/main.mjs')).benchSpread(words),
}

endChildrenAtExit()
try {
  const [first = '', ...rest] = process.argv.slice(2).filter(word => word !== '--')
  const command = Object.hasOwn(commands, first) ? commands[first] : undefined
  await (command === undefined ? run([first, ...rest].filter(word => word !== '')) : command(rest))
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}

/** @param {readonly string[]} words */
async function run(words) {
  const options = parseOptions(words)
  if (options === 'help') {
    process.stdout.write(HELP)
    return
  }
  if (options.json !== undefined) checkWritable(options.json)
  const outcome = await runBenches(options, {
    onResult: result => console.log(formatTable(result, result.rows)),
  })
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(outcome, null, 2)}\n`)
}
