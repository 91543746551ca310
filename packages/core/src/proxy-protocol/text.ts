// PROXY headers of version 1, a line of text: from bytes and to bytes. It reads no stream.
import { isIPv4, isIPv6 } from '../address/ip'
import type { HeaderProblem, ProxyEnd, ProxyHeader } from './header'

/** The longest line that the protocol has, its CRLF included. */
export const MOST_TEXT = 107

const PORT = /^(?:0|[1-9]\d{0,4})$/

/** Reads a whole line, its CRLF included. */
export function parseText(bytes: Buffer): ProxyHeader | HeaderProblem {
  const line = bytes.toString('latin1', 0, bytes.length - 2)
  const [, protocol, ...words] = line.split(' ')
  const rest = {
    version: 1,
    command: 'proxy',
    tlvs: [],
    hasChecksum: false,
    byteLength: bytes.length,
  } as const
  // What follows UNKNOWN says nothing.
  if (protocol === 'UNKNOWN') return { ...rest, protocol: 'unknown', source: null, destination: null }
  const isAddress = protocol === 'TCP4' ? isIPv4 : protocol === 'TCP6' ? isIPv6 : null
  if (isAddress === null) return { problem: 'names no protocol of version 1' }
  const [source = '', destination = '', sourcePort = '', destinationPort = '', ...more] = words
  if (more.length > 0) return { problem: 'has words too many' }
  if (![source, destination].every(address => isAddress(address) && !address.includes('%')))
    return { problem: 'has an address that is none' }
  const ports = [sourcePort, destinationPort]
  if (!ports.every(port => PORT.test(port) && Number(port) <= 0xffff))
    return { problem: 'has a port that is none' }
  return {
    ...rest,
    protocol: protocol === 'TCP4' ? 'tcp4' : 'tcp6',
    source: { address: source, port: Number(sourcePort) },
    destination: { address: destination, port: Number(destinationPort) },
  }
}

type IpEnd = Extract<ProxyEnd, { address: string }>

/** Writes a line; without ends it is of an unknown connection. Both ends are of one family. */
export function encodeText(ends: { readonly source: IpEnd; readonly destination: IpEnd } | null): Buffer {
  if (ends === null) return Buffer.from('PROXY UNKNOWN\r\n')
  const { source, destination } = ends
  const family = isIPv4(source.address) ? 'TCP4' : 'TCP6'
  const words = ['PROXY', family, source.address, destination.address, source.port, destination.port]
  return Buffer.from(`${words.join(' ')}\r\n`)
}
