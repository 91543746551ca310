// A real exchange between a client and a server, recorded as it passes and played again without the server. It knows
// the order of bytes, not their meaning.
import { connect, createServer, type Socket } from '@x/core'
import { validateObject, validateOneOf, validateString } from '@x/core/internal'
import { selectTransport, type Transport } from '@x/core/transport'
import { validateList, validatePlace, validateTransport } from '../arguments'
import type { Place } from '../faults/fault-proxy'
import { type Listening, listening } from './listening'
import { type ScriptedPeer, type ScriptedServer, scriptedServer } from './scripted-peer'

/** One thing that happened on a connection. `text` is Latin-1, so that any byte is in it and most can be read. */
export type RecordedStep =
  | { readonly from: 'client' | 'server'; readonly text: string }
  | { readonly from: 'client' | 'server'; readonly end: true }
  | { readonly from: 'client' | 'server'; readonly reset: true }

/** What passed over the connections of a recorder, in the order they were made. Plain JSON. */
export interface Recording {
  readonly connections: readonly (readonly RecordedStep[])[]
}

/** A recorder between clients and a real server. */
export interface Recorder extends Listening {
  /** The traffic so far. */
  recording(): Recording
}

/**
 * Records what passes between clients and a real server.
 *
 * @param options `upstream` the server, `listen` where clients connect (default: port 0 of 127.0.0.1), `transport` whose
 * network (default: the system's)
 */
export async function record(options: {
  upstream: Place
  listen?: Place
  transport?: Transport
}): Promise<Recorder> {
  validateObject(options, 'options')
  const { upstream, listen, transport = selectTransport().transport } = options
  validatePlace(upstream, 'options.upstream')
  if (listen !== undefined) validatePlace(listen, 'options.listen')
  validateTransport(transport, 'options.transport')
  const connections: RecordedStep[][] = []
  const sockets = new Set<Socket>()
  const server = createServer({ transport, allowHalfOpen: true }, client => {
    const steps: RecordedStep[] = []
    connections.push(steps)
    const far = connect({ ...upstream, transport, allowHalfOpen: true })
    for (const [socket, other, from] of [
      [client, far, 'client'],
      [far, client, 'server'],
    ] as const) {
      sockets.add(socket)
      socket.on('data', (chunk: Buffer) => note(steps, from, chunk))
      socket.on('end', () => steps.push({ from, end: true }))
      // A server that cannot be reached is a reset for its client, too.
      socket.on('error', () => {
        if (!other.destroyed) steps.push({ from, reset: true })
        other.resetAndDestroy()
      })
      socket.on('close', () => sockets.delete(socket))
      socket.pipe(other)
    }
  })
  const at = await listening(server, listen, () => {
    for (const socket of sockets) socket.destroy()
  })
  return { ...at, recording: () => ({ connections: connections.map(steps => [...steps]) }) }
}

/** A recording played to clients. */
export interface Replay extends ScriptedServer {
  /** Resolves once all recorded connections have been replayed to their end; rejects if one differed. */
  readonly finished: Promise<void>
}

/**
 * Acts as the server of a recording: each connection expects what its client sent, and gets the server's recorded
 * answers. A client that sends something else makes `finished` reject with a `ScriptError`, and its connection is
 * reset.
 *
 * @param options as for `scriptedServer`
 */
export async function replay(
  recording: Recording,
  options?: { transport?: Transport; listen?: Place; patienceMs?: number },
): Promise<Replay> {
  validateRecording(recording)
  const server = await scriptedServer(options)
  const playAll = async () => {
    const plays: Promise<void>[] = []
    for (const steps of recording.connections) plays.push(play(await server.accept(), steps))
    await Promise.all(plays)
  }
  const finished = playAll()
  // Whoever does not look at it is told by the reset.
  finished.catch(() => {})
  return { ...server, finished }
}

function validateRecording(recording: unknown): void {
  validateObject(recording, 'recording')
  validateList(Reflect.get(recording, 'connections'), 'recording.connections', (steps, name) =>
    validateList(steps, name, (step, stepName) => {
      validateObject(step, stepName)
      validateOneOf(Reflect.get(step, 'from'), `${stepName}.from`, ['client', 'server'])
      if (!('end' in step) && !('reset' in step))
        validateString(Reflect.get(step, 'text'), `${stepName}.text`)
    }),
  )
}

async function play(peer: ScriptedPeer, steps: readonly RecordedStep[]): Promise<void> {
  try {
    for (const step of steps) {
      if (step.from === 'client') {
        if ('end' in step) await peer.expectEnd()
        else if ('reset' in step) await peer.expectReset()
        else await peer.expect(Buffer.from(step.text, 'latin1'))
      } else if ('end' in step) peer.end()
      else if ('reset' in step) peer.reset()
      else await peer.send(Buffer.from(step.text, 'latin1'))
    }
  } catch (error) {
    peer.reset()
    throw error
  }
}

/** Chunks that follow each other from one side are one step: where a kernel cut them means nothing. */
function note(steps: RecordedStep[], from: 'client' | 'server', chunk: Buffer): void {
  const text = chunk.toString('latin1')
  const last = steps.at(-1)
  if (last && last.from === from && 'text' in last) steps[steps.length - 1] = { from, text: last.text + text }
  else steps.push({ from, text })
}
