// The socket options of one socket: of its connection, or kept until there is one. It knows the socket by its state.
import { codedError } from '../errors/codes'
import { checkSupport, numbersOf, OptionAccess, ofNewSocketsAlone } from '../socket-options/access'
import {
  joinOptions,
  readSocketOptionSet,
  type SocketOptionName,
  type SocketOptions,
  TCP_INFO_AT,
} from '../socket-options/names'
import { decodeTcpInfo, TCP_INFO_BYTES, type TcpInfo } from '../socket-options/tcp-info'
import { kState, type SocketState } from './state'

interface Stateful {
  readonly [kState]: SocketState
}

/** The options of a connection's socket. */
export function optionsOf(socket: Stateful): OptionAccess {
  const state = socket[kState]
  const { phase } = state
  if (phase.kind !== 'connected') throw codedError('ERR_SOCKET_CLOSED')
  return new OptionAccess(state.transport, phase.handle.fd)
}

/** Sets an option, or keeps it for the connection to come. */
export function setOption<Name extends SocketOptionName>(
  socket: Stateful,
  name: Name,
  value: NonNullable<SocketOptions[Name]>,
): void {
  const state = socket[kState]
  if (state.phase.kind === 'connected') return optionsOf(socket).set(name, value)
  const set = readSocketOptionSet({ [name]: value })
  const isTooLate = name === 'multipath' && state.phase.kind === 'connecting' && state.phase.hasBegun
  if (isTooLate) throw ofNewSocketsAlone(name)
  checkSupport(state.transport, set)
  state.change({ socketOptions: joinOptions(state.settings.socketOptions, set) })
  if (state.phase.kind === 'connecting') state.phase.setOptions(set)
}

/** What TCP tells of a connection. */
export function tcpInfoOf(socket: Stateful): TcpInfo {
  const access = optionsOf(socket)
  const [level, name] = numbersOf(socket[kState].transport, TCP_INFO_AT)
  return decodeTcpInfo(access.getRaw(level, name, TCP_INFO_BYTES))
}
