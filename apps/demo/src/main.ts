#!/usr/bin/env node
import { version } from '../package.json'
// The program: command line, start, greeting, signals, exit code. What it runs is `Program`, `ctl`, `load` or
// `tour`; none is loaded before it is clear which.
import { HELP, type Options, parseOptions, UsageError } from './options'
import type { Program } from './primary/program'
import { StartError } from './primary/start-error'

/** The exit code for a command line that is wrong. */
const EXIT_USAGE = 2

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
  const options = readOptions()
  if (options === null) return
  const { Program } = await import('./primary/program')
  const program = new Program(options)
  try {
    await program.start()
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    console.error(`demo: ${error.message}`)
    process.exitCode = 1
    return
  }
  obeySignals(program)
  const { greeting, where } = await import('./greeting')
  const { places } = program.supervisor
  if (options.showsBanner) process.stdout.write(greeting(places, options, program.pageUrl))
  program.log.info('server', `ready on ${where(places, options.host).join(' and ')}`)
}

/** Options to run with; null where the command line asked for less, or was wrong. */
function readOptions(): Options | null {
  try {
    const options = parseOptions(process.argv.slice(2))
    if (options === 'help') process.stdout.write(HELP)
    else if (options === 'version') process.stdout.write(`${version}\n`)
    else return options
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`demo: ${error.message}\nSee demo --help`)
    process.exitCode = EXIT_USAGE
  }
  return null
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
