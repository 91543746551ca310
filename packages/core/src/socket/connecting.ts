// From connect() to a connection or an error: checks, resolves, runs the race and tells the socket's events on the way.
import { AsyncResource } from 'node:async_hooks'
import { channel } from 'node:diagnostics_channel'
import { isIP } from '../address/ip'
import { type HostQuery, readBlockList, readConnectQuery } from '../connect/query'
import { Race, type RacePlan } from '../connect/race'
import { resolveTargets } from '../connect/targets'
import { defaultTransport } from '../process-state'
import type { Address, StreamHandle, Transport } from '../transport/contract'
import { linkUp, resumeWaiting } from './connection'
import { debug } from './debug'
import { revive } from './revive'
import type { Socket } from './socket'
import { kState, type SocketState } from './state'

const clientSocketChannel = channel('net.client.socket')

/**
 * Connects as `connect(options, callback)`.
 *
 * @throws for wrong options; the socket is then as it was.
 */
export function startConnecting(
  socket: Socket,
  options: Readonly<Record<string, unknown>>,
  callback: (() => void) | undefined,
): void {
  const query = readConnectQuery(options)
  const state = socket[kState]
  revive(socket, state)
  state.blockList = readBlockList(options['blockList']) ?? state.blockList
  if (callback !== undefined) socket.once('connect', callback)
  if (clientSocketChannel.hasSubscribers) clientSocketChannel.publish({ socket })
  state.idle?.refresh()
  state.isConnecting = true
  state.attempted = undefined
  const transport = state.transport ?? defaultTransport()
  const context = new AsyncResource('path' in query ? 'PIPEWRAP' : 'TCPWRAP')
  if ('path' in query) {
    debug('connect to %s', query.path)
    const { prepared } = state
    race(socket, state, context, { transport, targets: [query], attemptTimeoutMs: 0, prepared })
    return
  }
  state.host = query.host
  connectHost(socket, state, context, transport, query)
}

function connectHost(
  socket: Socket,
  state: SocketState,
  context: AsyncResource,
  transport: Transport,
  query: HostQuery,
): void {
  const { host, port } = query
  const begin = (targets: readonly Address[]) => {
    state.idle?.refresh()
    const { attemptTimeoutMs, localAddress, localPort } = query
    const { blockList, prepared } = state
    const plan = { transport, targets, attemptTimeoutMs, localAddress, localPort, blockList, prepared }
    race(socket, state, context, plan)
  }
  const family = isIP(host)
  if (family !== 0) {
    const target: Address = { family: family === 6 ? 'IPv6' : 'IPv4', address: host, port }
    process.nextTick(() => {
      if (state.isConnecting) begin([target])
    })
    return
  }
  debug('connect to %s:%s: lookup', host, port)
  resolveTargets(
    query,
    transport.lookup,
    (error, address, addressFamily) => socket.emit('lookup', error, address, addressFamily, host),
    (error, targets) => {
      if (!state.isConnecting) return
      if (error) process.nextTick(() => socket.destroy(error))
      else begin(targets)
    },
  )
}

function race(socket: Socket, state: SocketState, context: AsyncResource, plan: RacePlan): void {
  const [first] = plan.targets
  if (state.race !== null && first !== undefined) {
    // A second connect() while the first is under way.
    tellAttempt(socket, first)
    socket.destroy(state.race.refusalOfAnother(first))
    return
  }
  state.prepared = null
  const running = new Race(plan, {
    attempt(to) {
      debug('attempt to connect to %o', to)
      tellAttempt(socket, to)
    },
    failed(to, error) {
      if ('path' in to) socket.emit('connectionAttemptFailed', to.path, undefined, undefined, error)
      else socket.emit('connectionAttemptFailed', to.address, to.port, to.family === 'IPv6' ? 6 : 4, error)
    },
    timedOut({ address, port, family }) {
      socket.emit('connectionAttemptTimeout', address, port, family === 'IPv6' ? 6 : 4)
    },
    over(error, stream) {
      state.race = null
      if (stream === null) socket.destroy(error ?? undefined)
      else context.runInAsyncScope(connected, undefined, socket, stream, context)
    },
  })
  state.race = running
  if (plan.targets.length > 1) state.attempted = running.attempted
  if (!state.isRef) running.setRef(false)
  running.start()
}

function tellAttempt(socket: Socket, to: Address): void {
  if ('path' in to) socket.emit('connectionAttempt', to.path, undefined, undefined)
  else socket.emit('connectionAttempt', to.address, to.port, to.family === 'IPv6' ? 6 : 4)
}

function connected(socket: Socket, stream: StreamHandle, context: AsyncResource): void {
  const state = socket[kState]
  debug('connected')
  state.isConnecting = false
  linkUp(socket, stream, context)
  state.idle?.refresh()
  socket.emit('connect')
  resumeWaiting(socket)
  socket.emit('ready')
  // Reads ahead of the first listener, and hears of the peer's end without one.
  if (socket.readable && !socket.isPaused()) socket.read(0)
}
