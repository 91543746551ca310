// `dns.lookup` for networks with names of their own. It knows the form of the answer; the names are its caller's.
import { codedError } from '@x/core/internal'
import { errno, type Lookup } from '@x/core/transport'
import { canonicalIp } from './ip-address'

/** Answers a lookup from a table, in a later turn, as `dns.lookup` would. @throws `ERR_INVALID_ARG_TYPE` as that. */
export function answerLookup(
  post: (job: () => void) => void,
  find: (name: string) => readonly string[] | undefined,
  hostname: string,
  options: Parameters<Lookup>[1],
  callback: Parameters<Lookup>[2],
): void {
  if (typeof hostname !== 'string') throw codedError('ERR_INVALID_ARG_TYPE', 'hostname', 'string', hostname)
  const wanted = options.family === 'IPv4' ? 4 : options.family === 'IPv6' ? 6 : (options.family ?? 0)
  const literal = canonicalIp(hostname)
  const known = literal === null ? (find(hostname) ?? defaults(hostname)) : [literal]
  const found = known
    .map(address => ({ address, family: address.includes(':') ? 6 : 4 }))
    .filter(entry => wanted === 0 || entry.family === wanted)
  post(() => {
    const first = found[0]
    if (!first) callback(notFound(hostname), '', 0)
    else if (options.all) callback(null, found)
    else callback(null, first.address, first.family)
  })
}

function defaults(hostname: string): readonly string[] {
  return hostname === 'localhost' ? ['127.0.0.1', '::1'] : []
}

function notFound(hostname: string): NodeJS.ErrnoException {
  const error: NodeJS.ErrnoException & { hostname?: string } = new Error(`getaddrinfo ENOTFOUND ${hostname}`)
  error.errno = errno('EAI_NONAME')
  error.code = 'ENOTFOUND'
  error.syscall = 'getaddrinfo'
  error.hostname = hostname
  return error
}
