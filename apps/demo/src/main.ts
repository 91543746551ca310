#!/usr/bin/env node
// The program: command line, start, greeting, signals, exit code. What it runs is `Supervisor`.
import { version } from '../package.json'
import { greeting, where } from './greeting'
import { HELP, type Options, parseOptions, UsageError } from './options'
import { StartError, Supervisor } from './primary/supervisor'

/** The exit code for a command line that is wrong. */
const EXIT_USAGE = 2

await main()

async function main(): Promise<void> {
  const options = readOptions()
  if (options === null) return
  const supervisor = new Supervisor(options)
  try {
    await supervisor.start()
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    console.error(`demo: ${error.message}`)
    process.exitCode = 1
    return
  }
  obeySignals(supervisor)
  const { places, log } = supervisor
  if (options.showsBanner) process.stdout.write(greeting(places, options.host, options.workers))
  log.info('server', `ready on ${where(places, options.host).join(' and ')}`)
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

/**
 * SIGHUP replaces the workers. The first SIGINT or SIGTERM stops the program once its clients have what is theirs; the second
 * does not wait for them.
 */
function obeySignals(supervisor: Supervisor): void {
  const { log } = supervisor
  let isStopping = false
  const stop = async (signal: string) => {
    const isAgain = isStopping
    isStopping = true
    const clients = await supervisor.clientCount()
    if (isAgain) {
      log.warn('server', `${signal} again: cutting off ${clients} client(s)`)
      await supervisor.hurry()
      return
    }
    log.info('server', `${signal}: no longer accepting, ending ${clients} client(s)`)
    await supervisor.drain()
    log.info('server', 'stopped')
    process.off('SIGINT', stop).off('SIGTERM', stop).off('SIGHUP', reload)
  }
  const reload = () => {
    if (!isStopping) supervisor.reload().catch(() => {})
  }
  process.on('SIGINT', stop).on('SIGTERM', stop).on('SIGHUP', reload)
}
