// What the program says when it is ready: where it listens, on which transport, and commands to copy. It opens nothing.
import { selectTransport } from '@x/core/transport'
import { version } from '../package.json'
import type { Options } from './options'
import type { Places } from './primary/hub-messages'

export function greeting({ port, path }: Places, { host, workers }: Options, pageUrl: string | null): string {
  const client = redisCli({ port, path }, host)
  return [
    `demo ${version}: a publish/subscribe broker that speaks the Redis protocol`,
    `Transport: ${transport()}`,
    `Workers:   ${workers}`,
    ...where({ port, path }, host).map(place => `Listening: ${place}`),
    ...(pageUrl === null ? [] : [`Live page: ${pageUrl}`]),
    '',
    'Try it, each line in a terminal of its own:',
    `  ${client[0]} subscribe news`,
    ...client.map(command => `  ${command} publish news hello`),
    `  ${client[0]} info clients`,
    '',
    'Ctrl-C stops it.',
    '',
  ].join('\n')
}

/** Which transport moves the bytes, and why. */
export function transport(): string {
  const { transport: chosen, reason } = selectTransport()
  return reason === null ? `${chosen.name} (the compiled engine was found)` : `${chosen.name} (${reason})`
}

/** The places as people write them. */
export function where({ port, path }: Places, host: string): string[] {
  const tcp = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  return [...(port === null ? [] : [tcp]), ...(path === null ? [] : [path])]
}

function redisCli({ port, path }: Places, host: string): string[] {
  const isLocal = host === '127.0.0.1' || host === '0.0.0.0' || host === 'localhost'
  const tcp = `redis-cli ${isLocal ? '' : `-h ${host} `}-p ${port}`
  return [...(port === null ? [] : [tcp]), ...(path === null ? [] : [`redis-cli -s ${shellWord(path)}`])]
}

function shellWord(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
