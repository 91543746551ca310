// The command line: which options there are, what they default to, and what is wrong with a bad one. It does nothing.
import { availableParallelism, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { type BusAddress, parseBusAddress } from './bus/bus-address'
import { parseByteSize } from './byte-size'
import { type OutputLimit, parseOutputLimit } from './client/output-limit'
import { nonEmpty, parseWords, UsageError, wholeNumber } from './command-line'
import { LEVELS, type Level } from './log'
import { networksOf } from './networks'

export interface Options {
  /** Null where TCP is not wanted. 0: the system chooses. */
  readonly port: number | null
  readonly host: string
  /** A path, null where none is wanted, undefined for `defaultPath`. */
  readonly path: string | null | undefined
  readonly workers: number
  /** What the clients of a worker that leaves have to be moved, or to end. */
  readonly drainSeconds: number
  readonly maxRequestBytes: number
  readonly outputLimit: OutputLimit
  readonly maxClients: number
  /** The port of the live page; undefined for `PAGE_PORT`, or another where that is taken; null for none. */
  readonly page: number | null | undefined
  /** The name or path of the control socket; undefined for one that goes by the port. */
  readonly control: string | undefined
  /** Where brokers on other machines are reached; null for a broker alone. */
  readonly bus: BusAddress | null
  /** Brokers of other groups on the same bus are not heard. */
  readonly busGroup: string
  /** What may wait to be sent to other brokers. */
  readonly busLimitBytes: number
  /** Proxies in front, as addresses and networks: connections of these begin with a PROXY header. */
  readonly trustedProxies: readonly string[]
  readonly edge: EdgeLimits
  /** How long health checks are told of a stop before it begins, at least. */
  readonly drainNoticeSeconds: number
  readonly logLevel: Level
  readonly showsBanner: boolean
}

/** What the open network may do; 0 is no limit. Of all workers together; each has its share, rounded up. */
export interface EdgeLimits {
  /** Clients of one address, or of one /64 of IPv6. */
  readonly maxPerAddress: number
  /** Connections a second from one address; twice as many at once. */
  readonly addressRate: number
  /** Connections a second from all. */
  readonly acceptRate: number
  /** What a client has to send its first byte. */
  readonly firstByteSeconds: number
  /** Clients that have sent no byte yet; for one more the oldest goes. */
  readonly maxSilent: number
}

/** Where the live page is, unless told otherwise. */
export const PAGE_PORT = 6380

/** Workers that can be asked for: each has a link to each other. */
export const MOST_WORKERS = 256

export const HELP = `A publish/subscribe broker that speaks the Redis protocol.

Usage: demo [options]
       demo ctl status|reload|scale NUMBER|drain|stop   tells a running one what to do; see demo ctl --help
       demo load [options]   publishes, subscribes and measures; see demo load --help
       demo --tour [--yes]   shows in two minutes what it does; see demo --tour --help

  --port NUMBER          TCP port; 0 lets the system choose        (6399)
  --host ADDRESS         address to listen on                      (127.0.0.1)
  --no-tcp               no TCP, the path alone
  --path PATH            path of the local (IPC) socket            (in your runtime folder)
  --no-path              no path, TCP alone
  --workers NUMBER       processes that share the work             (one a processor)
  --drain-seconds NUMBER what a worker that leaves has for its clients (30)
  --max-request SIZE     largest request taken from a client       (64mb)
  --output-limit LIMIT   what may wait for a slow subscriber before it is dropped:
                         "HARD SOFT SECONDS" or "HARD"; 0: no limit (32mb 8mb 60)
  --max-clients NUMBER   clients at one time                       (10000)
  --max-per-address NUMBER     clients of one address, or one IPv6 /64; 0: no limit   (1000; 0 on loopback)
  --address-rate NUMBER        new clients a second from one address; 0: no limit     (200; 0 on loopback)
  --accept-rate NUMBER         new clients a second in all; 0: no limit               (0)
  --first-byte-seconds NUMBER  what a client has to send its first byte; 0: no limit  (30)
  --max-silent NUMBER          clients that have sent nothing yet; for one more the oldest goes
                               (half of --max-clients; 0, no limit, on loopback)
  --proxy-protocol NETWORKS    proxies in front that tell by PROXY headers who their client is:
                               addresses and networks with commas between; each must send a header
  --drain-notice SECONDS       before it stops, health checks (HEALTH) fail for so long,
                               and until no more clients are sent here (0)
  --page NUMBER          port of the live page; 0: any             (6380, or any)
  --no-page              no live page
  --control NAME         name or path of the control socket        (goes by the port)
  --bus URL              nats://[user:password@]host[:port] of a NATS server: messages go to the
                         brokers on other machines that name it, too; @FILE: the URL is
                         in that file, with its password        (a broker alone)
  --bus-group NAME       brokers that hear each other on one bus   (demo)
  --bus-limit SIZE       what may wait for a slow bus; more is not sent (32mb)
  --log-level LEVEL      ${LEVELS.join(', ')}          (info)
  --quiet                no greeting, warnings only
  --help, --version

Sizes: 512, 64kb, 8mb, 1gb.
`

/** Options from the words behind the program's name; `help` or `version` where that is what is asked for. */
export function parseOptions(words: readonly string[]): Options | 'help' | 'version' {
  const values = readWords(words)
  if (values.help) return 'help'
  if (values.version) return 'version'
  if (values['no-tcp'] && values['no-path'])
    throw new UsageError('--no-tcp and --no-path leave nothing to listen on')
  if (values['no-path'] && values.path !== undefined)
    throw new UsageError('--path and --no-path exclude each other')
  const maxClients = wholeNumber('--max-clients', values['max-clients'], 1, 1_000_000)
  return {
    port: values['no-tcp'] ? null : wholeNumber('--port', values.port, 0, 65_535),
    host: nonEmpty('--host', values.host),
    path: values['no-path'] ? null : values.path === undefined ? undefined : nonEmpty('--path', values.path),
    workers:
      values.workers === undefined
        ? availableParallelism()
        : wholeNumber('--workers', values.workers, 1, MOST_WORKERS),
    drainSeconds: wholeNumber('--drain-seconds', values['drain-seconds'], 1, 86_400),
    maxRequestBytes: byteSize('--max-request', values['max-request'], 1024, 1024 ** 3),
    outputLimit: outputLimit(values['output-limit']),
    maxClients,
    page: values['no-page']
      ? null
      : values.page === undefined
        ? undefined
        : wholeNumber('--page', values.page, 0, 65_535),
    control: values.control === undefined ? undefined : nonEmpty('--control', values.control),
    bus: values.bus === undefined ? null : busAddress(values.bus),
    busGroup: busGroup(values['bus-group']),
    busLimitBytes: byteSize('--bus-limit', values['bus-limit'], 64 * 1024, 1024 ** 3),
    ...edgeOptions(values, maxClients),
    drainNoticeSeconds: wholeNumber('--drain-notice', values['drain-notice'], 0, 3600),
    logLevel: logLevel(values['log-level'] ?? (values.quiet ? 'warn' : 'info')),
    showsBanner: !values.quiet,
  }
}

/** Where the local socket goes unless told: a name of its own for each port, in a folder of the user's. */
export function defaultPath(port: number | null): string {
  const name = port === null ? 'x-demo' : `x-demo-${port}`
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`
  const folder = process.env['XDG_RUNTIME_DIR']
  return folder ? join(folder, `${name}.sock`) : join(tmpdir(), `${name}-${userInfo().uid}.sock`)
}

function readWords(words: readonly string[]) {
  return parseWords(words, {
    options: {
      port: { type: 'string', default: '6399' },
      host: { type: 'string', default: '127.0.0.1' },
      'no-tcp': { type: 'boolean', default: false },
      path: { type: 'string' },
      'no-path': { type: 'boolean', default: false },
      workers: { type: 'string' },
      'drain-seconds': { type: 'string', default: '30' },
      'max-request': { type: 'string', default: '64mb' },
      'output-limit': { type: 'string', default: '32mb 8mb 60' },
      'max-clients': { type: 'string', default: '10000' },
      page: { type: 'string' },
      'no-page': { type: 'boolean', default: false },
      control: { type: 'string' },
      bus: { type: 'string' },
      'bus-group': { type: 'string', default: 'demo' },
      'bus-limit': { type: 'string', default: '32mb' },
      'max-per-address': { type: 'string' },
      'address-rate': { type: 'string' },
      'accept-rate': { type: 'string', default: '0' },
      'first-byte-seconds': { type: 'string', default: '30' },
      'max-silent': { type: 'string' },
      'proxy-protocol': { type: 'string' },
      'drain-notice': { type: 'string', default: '0' },
      'log-level': { type: 'string' },
      quiet: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false, short: 'h' },
      version: { type: 'boolean', default: false, short: 'v' },
    },
  }).values
}

function byteSize(option: string, text: string, least: number, most: number): number {
  const value = parseByteSize(text)
  if (value !== null && value >= least && value <= most) return value
  throw new UsageError(
    `${option} takes a size from ${least} bytes to ${most}, such as 64kb or 8mb, not "${text}"`,
  )
}

function outputLimit(text: string): OutputLimit {
  const limit = parseOutputLimit(text)
  if (limit !== null) return limit
  throw new UsageError(
    `--output-limit takes "HARD SOFT SECONDS", such as "32mb 8mb 60", or one size, not "${text}"`,
  )
}

function edgeOptions(
  values: ReturnType<typeof readWords>,
  maxClients: number,
): Pick<Options, 'edge' | 'trustedProxies'> {
  const proxies = values['proxy-protocol']
  const trustedProxies = proxies === undefined ? [] : networks('--proxy-protocol', proxies)
  // On loopback all clients have one address, unless a proxy tells theirs.
  const isOneAddress = trustedProxies.length === 0 && isLoopback(values.host)
  const most = 1_000_000
  const count = (option: string, text: string) => wholeNumber(option, text, 0, most)
  return {
    trustedProxies,
    edge: {
      maxPerAddress: count('--max-per-address', values['max-per-address'] ?? (isOneAddress ? '0' : '1000')),
      addressRate: count('--address-rate', values['address-rate'] ?? (isOneAddress ? '0' : '200')),
      acceptRate: count('--accept-rate', values['accept-rate']),
      firstByteSeconds: wholeNumber('--first-byte-seconds', values['first-byte-seconds'], 0, 86_400),
      maxSilent:
        values['max-silent'] === undefined
          ? Math.ceil(isOneAddress ? 0 : maxClients / 2)
          : count('--max-silent', values['max-silent']),
    },
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

function networks(option: string, text: string): readonly string[] {
  const parts = text.split(',').map(part => part.trim())
  try {
    networksOf(parts)
  } catch {
    throw new UsageError(
      `${option} takes addresses and networks such as 127.0.0.1,10.0.0.0/8,2001:db8::/32, not "${text}"`,
    )
  }
  return parts
}

function busAddress(text: string): BusAddress {
  const address = parseBusAddress(text)
  if (typeof address !== 'string') return address
  // It may contain a password: it is not repeated.
  throw new UsageError(`--bus takes a URL such as nats://127.0.0.1:4222; what was given ${address}`)
}

/** It is a part of NATS subjects, in which some characters mean something. */
function busGroup(text: string): string {
  if (/^[\w-]{1,64}$/.test(text)) return text
  throw new UsageError(`--bus-group takes up to 64 letters, digits, - and _, not "${text}"`)
}

function logLevel(text: string): Level {
  const level = LEVELS.find(known => known === text)
  if (level !== undefined) return level
  throw new UsageError(`--log-level takes ${LEVELS.join(', ')}, not "${text}"`)
}
