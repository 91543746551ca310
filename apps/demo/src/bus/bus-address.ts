// Where the bus is, as the command line says it, and what is wrong with a bad address. It connects to nothing.

import { readFileSync } from 'node:fs'

export interface BusAddress {
  /** `host:port` of each server of one NATS cluster. */
  readonly servers: readonly string[]
  readonly user: string | undefined
  readonly password: string | undefined
}

const DEFAULT_PORT = 4222

/**
 * `nats://[user:password@]host[:port]`, or several with commas between; or `@FILE`, which holds that. A string is what is wrong
 * with it.
 */
export function parseBusAddress(text: string): BusAddress | string {
  if (text.startsWith('@')) return readBusAddress(text.slice(1))
  const servers: string[] = []
  let user: string | undefined
  let password: string | undefined
  for (const part of text.split(',')) {
    const url = readUrl(part.trim())
    if (typeof url === 'string') return url
    servers.push(`${url.hostname}:${url.port || DEFAULT_PORT}`)
    if (url.username === '') continue
    user = decode(url.username)
    password = decode(url.password)
  }
  return { servers, user, password }
}

/** From a file, so that a password is not in the list of processes. */
function readBusAddress(file: string): BusAddress | string {
  try {
    const text = readFileSync(file, 'utf8').trim()
    return text.startsWith('@') ? 'names a file that names another one' : parseBusAddress(text)
  } catch (error) {
    return `cannot be read: ${(error as Error).message}`
  }
}

function readUrl(text: string): URL | string {
  if (!URL.canParse(text)) return 'is no URL'
  const url = new URL(text)
  if (url.protocol !== 'nats:') return `begins with ${url.protocol}// instead of nats://`
  if (url.hostname === '') return 'names no host'
  if (url.port === '0') return 'has port 0'
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '')
    return 'has something behind the port'
  return url
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
