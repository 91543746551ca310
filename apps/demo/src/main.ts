#!/usr/bin/env node
// The program: command line, start, greeting, signals, exit code. What it runs is `Program`, `ctl`, `load` or
// `tour`; none is loaded before it is clear which.
import { version } from '../package.json'
import { runWith } from './command-line'
import { HELP, type Options, parseOptions } from './options'
import type { Program } from './primary/program'
import { StartError } from './primary/start-error'

await main()

async function main(): Promise<void> {
  if (process.argv[2] === 'ctl') {
    const { ctl } = await import('./control/ctl')
    process.exitCode = await ctl(process.argv.slice(3))
    return
  }
  if (process.argv[2] === 'load') {
    const { load } = await import('./load/load')
    process.exitCode = await load(process.argv.slice(3))
    return
  }
  if (process.argv.includes('--tour')) {
    const { tour } = await import('./tour/tour')
    process.exitCode = await tour(process.argv.slice(2))
    return
  }
  const parse = () => parseOptions(process.argv.slice(2))
  const texts = { help: HELP, version: `${version}\n` }
  process.exitCode = await runWith({ command: 'demo', texts, parse }, serve)
}

/** Starts the program; resolves with the exit code once it serves, or cannot. */
async function serve(options: Options): Promise<number> {
  const { Program } = await import('./primary/program')
  const program = new Program(options)
  try {
    await program.start()
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    console.error(`demo: ${error.message}`)
    return 1
  }
  obeySignals(program)
  const { greeting, where } = await import('./greeting')
  const { places } = program.supervisor
  if (options.showsBanner) process.stdout.write(greeting(places, options, program.pageUrl))
  program.log.info('server', `ready on ${where(places, options.host).join(' and ')}`)
  return 0
}

/** SIGINT and SIGTERM stop the program, again: do not wait for clients. SIGHUP replaces the workers. */
function obeySignals(program: Program): void {
  const stop = async (signal: string) => {
    await program.stop(signal)
    process.off('SIGINT', stop).off('SIGTERM', stop).off('SIGHUP', reload)
  }
  const reload = () => void program.reload().catch(() => {})
  process.on('SIGINT', stop).on('SIGTERM', stop).on('SIGHUP', reload)
}
