// The command line of `demo load`: what it takes, and what is wrong with a bad one. It does nothing.
import { nonEmpty, parseWords, UsageError, wholeNumber } from '../command-line'

export interface LoadOptions {
  /** Where the broker listens. */
  readonly to: { readonly port: number; readonly host: string } | { readonly path: string }
  readonly publishers: number
  readonly subscribers: number
  /** Publishers and subscribers are dealt out to so many channels. */
  readonly channels: number
  /** Messages a second, of all publishers together; 0: each as fast as it is answered. */
  readonly rate: number
  /** Bytes of a message. */
  readonly size: number
  readonly seconds: number
  /** Ends after so many messages, if that is earlier; 0: no matter how many. */
  readonly messages: number
  readonly isJson: boolean
}

/** Room for the publisher, the number and the time in a message. */
const LEAST_SIZE = 48

export const LOAD_HELP = `Publishes and subscribes, and tells how long messages took and whether all of them came once and in order.

Usage: demo load [options]

  --port NUMBER         TCP port of the demo, or of a Redis server   (6399)
  --host ADDRESS                                                     (127.0.0.1)
  --path PATH           its local socket, in place of port and host
  --publishers NUMBER   connections that publish                     (4)
  --subscribers NUMBER  connections that subscribe                   (100)
  --channels NUMBER     channels that both are dealt out to          (1)
  --rate NUMBER         messages a second, of all publishers; 0: as fast as they are answered (1000)
  --size BYTES          bytes of a message                           (64)
  --seconds NUMBER      how long                                     (10)
  --messages NUMBER     ends after so many; 0: when the time is over (0)
  --json                the report for programs
  --help

Ctrl-C ends it early, with the report. The exit code is 0 where no message was lost, came twice or out of order.
`

/** Options from the words behind `load`; `help` where that is what is asked for. */
export function parseLoadOptions(words: readonly string[]): LoadOptions | 'help' {
  const values = readWords(words)
  if (values.help) return 'help'
  const channels = wholeNumber('--channels', values.channels, 1, 10_000)
  const subscribers = wholeNumber('--subscribers', values.subscribers, 0, 100_000)
  const publishers = wholeNumber('--publishers', values.publishers, 1, 10_000)
  if (channels > publishers) throw new UsageError('--channels takes no more than there are publishers')
  return {
    to:
      values.path === undefined
        ? { port: wholeNumber('--port', values.port, 1, 65_535), host: nonEmpty('--host', values.host) }
        : { path: nonEmpty('--path', values.path) },
    publishers,
    subscribers,
    channels,
    rate: wholeNumber('--rate', values.rate, 0, 10_000_000),
    size: wholeNumber('--size', values.size, LEAST_SIZE, 1024 ** 2),
    seconds: wholeNumber('--seconds', values.seconds, 1, 86_400),
    messages: wholeNumber('--messages', values.messages, 0, 1_000_000_000),
    isJson: values.json,
  }
}

function readWords(words: readonly string[]) {
  return parseWords(words, {
    options: {
      port: { type: 'string', default: '6399' },
      host: { type: 'string', default: '127.0.0.1' },
      path: { type: 'string' },
      publishers: { type: 'string', default: '4' },
      subscribers: { type: 'string', default: '100' },
      channels: { type: 'string', default: '1' },
      rate: { type: 'string', default: '1000' },
      size: { type: 'string', default: '64' },
      seconds: { type: 'string', default: '10' },
      messages: { type: 'string', default: '0' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  }).values
}
