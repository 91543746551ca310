// The command line of `demo ctl`: what it takes, and what is wrong with a bad one. It does nothing.
import { nonEmpty, parseWords, UsageError, wholeNumber } from '../command-line'
import { MOST_WORKERS } from '../options'
import type { Order } from './control-messages'

export interface CtlOptions {
  readonly order: Order
  /** The TCP port of the program that is meant. */
  readonly port: number
  /** The name or path of its control socket, where it was given one. */
  readonly control: string | undefined
  readonly isJson: boolean
}

export const CTL_HELP = `Tells a running demo of this user what to do.

Usage: demo ctl COMMAND [options]

  status           workers, clients, messages
  reload           replaces the workers; clients keep their connections
  scale NUMBER     as many workers as that
  drain            no new clients; ends once those that are here have what is theirs
  stop             ends now

  --port NUMBER    the TCP port of the demo that is meant            (6399)
  --control NAME   the control socket, where it was started with --control
  --json           status for programs
  --help
`

/** Options from the words behind `ctl`; `help` where that is what is asked for. */
export function parseCtlOptions(words: readonly string[]): CtlOptions | 'help' {
  const { values, positionals } = readWords(words)
  if (values.help) return 'help'
  const order = parseOrder(positionals)
  return {
    order,
    port: wholeNumber('--port', values.port, 1, 65_535),
    control: values.control === undefined ? undefined : nonEmpty('--control', values.control),
    isJson: values.json,
  }
}

function readWords(words: readonly string[]) {
  return parseWords(words, {
    allowPositionals: true,
    options: {
      port: { type: 'string', default: '6399' },
      control: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  })
}

function parseOrder([word, ...rest]: readonly string[]): Order {
  const isScale = word === 'scale'
  if (rest.length > (isScale ? 1 : 0)) throw new UsageError(`"${rest.at(-1)}" is one word too many`)
  switch (word) {
    case 'status':
    case 'reload':
    case 'drain':
    case 'stop':
      return { order: word }
    case 'scale':
      return { order: 'scale', workers: wholeNumber('scale', rest[0] ?? '', 1, MOST_WORKERS) }
    case undefined:
      throw new UsageError('ctl takes status, reload, scale NUMBER, drain or stop')
    default:
      throw new UsageError(`ctl takes status, reload, scale NUMBER, drain or stop, not "${word}"`)
  }
}
