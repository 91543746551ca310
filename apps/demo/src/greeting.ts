// What the program says when it is ready: where it listens, on which transport, and commands to copy. It opens nothing.
import { selectTransport } from '@x/core/transport'
import { version } from '../package.json'
import type { Endpoint } from './endpoints'

export function greeting(endpoints: readonly Endpoint[], host: string): string {
  const client = endpoints.map(endpoint => redisCli(endpoint, host))
  const subscriber = client[0]
  return [
    `demo ${version}: a publish/subscribe broker that speaks the Redis protocol`,
    `Transport: ${transport()}`,
    ...endpoints.map(endpoint => `Listening: ${where(endpoint, host)}`),
    '',
    'Try it, each line in a terminal of its own:',
    `  ${subscriber} subscribe news`,
    ...client.map(command => `  ${command} publish news hello`),
    `  ${subscriber} info clients`,
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

export function where({ path, port }: Endpoint, host: string): string {
  return path ?? (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)
}

function redisCli({ path, port }: Endpoint, host: string): string {
  if (path !== null) return `redis-cli -s ${shellWord(path)}`
  const isLocal = host === '127.0.0.1' || host === '0.0.0.0' || host === 'localhost'
  return `redis-cli ${isLocal ? '' : `-h ${host} `}-p ${port}`
}

function shellWord(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
