#!/usr/bin/env node
// The program: command line, start, greeting, signals, exit code. What it runs is `Demo`.
import { version } from '../package.json'
import { Demo } from './demo'
import { EndpointError } from './endpoints'
import { greeting, where } from './greeting'
import { HELP, type Options, parseOptions, UsageError } from './options'

/** The exit code for a command line that is wrong. */
const EXIT_USAGE = 2

await main()

async function main(): Promise<void> {
  const options = readOptions()
  if (options === null) return
  const demo = new Demo(options)
  try {
    await demo.start()
  } catch (error) {
    if (!(error instanceof EndpointError)) throw error
    console.error(`demo: ${error.message}`)
    process.exitCode = 1
    return
  }
  stopOnSignal(demo)
  if (options.showsBanner) process.stdout.write(greeting(demo.endpoints, options.host))
  const places = demo.endpoints.map(endpoint => where(endpoint, options.host))
  demo.log.info('server', `ready on ${places.join(' and ')}`)
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

/** The first signal stops the program once its clients have what is theirs; the second does not wait for them. */
function stopOnSignal(demo: Demo): void {
  let isStopping = false
  const stop = (signal: string) => {
    if (isStopping) {
      demo.log.warn('server', `${signal} again: cutting off ${demo.clientCount} client(s)`)
      demo.hurry()
      return
    }
    isStopping = true
    demo.log.info('server', `${signal}: no longer accepting, ending ${demo.clientCount} client(s)`)
    demo.stop().then(() => {
      demo.log.info('server', 'stopped')
      process.off('SIGINT', stop).off('SIGTERM', stop)
    })
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)
}
