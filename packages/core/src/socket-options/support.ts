// Which socket options this system has, found by asking it. It changes no socket but one of its own.
import { UV_EMFILE, UV_ENFILE, UV_ENOBUFS, UV_ENOMEM } from '../errors/errno'
import { systemError } from '../errors/system-error'
import { validateObject } from '../errors/validate'
import type { Status, Transport } from '../transport/contract'
import { selectTransport } from '../transport/select'
import { optionKinds, type SocketOptionName, TCP_INFO_AT } from './names'

/** Whether a socket option is available, and if not, why. */
export interface OptionSupport {
  readonly isSupported: boolean
  /** Null if it is; else the code of the system's error, or a description. */
  readonly reason: string | null
}

/**
 * Which options of `SocketOptions`, and `tcpInfo`, this system has; each is tried on a temporary socket. An available option
 * may still be refused to this process (`mark`), or for some values.
 *
 * @throws `ERR_INVALID_ARG_TYPE`; the system's error if it lacks resources (`EMFILE`), since that says nothing about the options.
 */
export function socketOptionSupport(
  transport: Transport = selectTransport().transport,
): Record<SocketOptionName | 'tcpInfo', OptionSupport> {
  validateObject(transport, 'transport')
  const names = [...optionKinds.map(([name]) => name), 'tcpInfo' as const]
  const support = names.map((name, place) => [name, supportOf(transport, name, place)] as const)
  return Object.fromEntries(support) as Record<SocketOptionName | 'tcpInfo', OptionSupport>
}

const shortages: ReadonlySet<Status> = new Set([UV_EMFILE, UV_ENFILE, UV_ENOBUFS, UV_ENOMEM])

const supported: OptionSupport = { isSupported: true, reason: null }

function supportOf(transport: Transport, name: string, place: number): OptionSupport {
  const { descriptors } = transport
  if (descriptors === null) return refused(`the ${transport.name} transport has no socket options`)
  const numbers = descriptors.optionNumbers()
  const level = numbers[2 * place] ?? -1
  const number = numbers[2 * place + 1] ?? -1
  if (level < 0 || number < 0) return refused('this system does not know it')
  const fd = descriptors.openSocket('IPv4', name === 'multipath')
  if (shortages.has(fd)) throw systemError(fd, 'socket')
  if (fd < 0) return refusedBySystem(fd)
  const status = descriptors.getOption(fd, level, number, Buffer.alloc(place === TCP_INFO_AT ? 256 : 64))
  descriptors.close([fd])
  return status < 0 ? refusedBySystem(status) : supported
}

function refusedBySystem(status: Status): OptionSupport {
  return refused(systemError(status, 'getsockopt').code ?? String(status))
}

function refused(reason: string): OptionSupport {
  return { isSupported: false, reason }
}
