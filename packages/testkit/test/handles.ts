// Handles of a transport as promises, for tests below the classes. It knows the contract alone.
import type { AcceptSink, Address, ListenerHandle, Status, StreamHandle, Transport } from '@x/core/transport'

export const LOOPBACK = { family: 'IPv4', address: '127.0.0.1', port: 0 } as const

export function listen(transport: Transport, at: Address, accept: AcceptSink = () => {}, backlog = 511) {
  const listener = transport.listener('port' in at ? 'tcp' : 'pipe')
  const status = listener.bind(at)
  if (status < 0) throw new Error(`bind: ${status}`)
  return new Promise<ListenerHandle>((resolve, reject) => {
    const finish = (outcome: Status) =>
      outcome < 0 ? reject(new Error(`listen: ${outcome}`)) : resolve(listener)
    const answer = listener.listen(backlog, accept, finish)
    if (answer !== 0) finish(answer)
  })
}

export function connect(
  transport: Transport,
  to: Address,
): Promise<{ stream: StreamHandle; status: Status }> {
  const stream = transport.stream('port' in to ? 'tcp' : 'pipe')
  return new Promise(resolve => {
    const answer = stream.connect(to, status => resolve({ stream, status }))
    if (answer < 0) resolve({ stream, status: answer })
  })
}

/** A listener, a client and the server's end of it. */
export async function pair(transport: Transport, at: Address = LOOPBACK) {
  const accepted = deferred<StreamHandle>()
  const listener = await listen(transport, at, (_status, stream) => stream && accepted.resolve(stream))
  const { stream: client, status } = await connect(transport, listener.sockname() as Address)
  if (status < 0) throw new Error(`connect: ${status}`)
  return { listener, client, server: await accepted.promise }
}

export function close(...handles: (StreamHandle | ListenerHandle)[]): Promise<void[]> {
  return Promise.all(handles.map(handle => new Promise<void>(resolve => handle.close(resolve))))
}

/** Reads until the end or a failure. */
export function readAll(stream: StreamHandle): Promise<{ data: Buffer; status: Status }> {
  const chunks: Buffer[] = []
  return new Promise(resolve => {
    const finish = (status: Status) => resolve({ data: Buffer.concat(chunks), status })
    stream.readStart({ onData: chunk => chunks.push(chunk), onEnd: () => finish(0), onError: finish })
  })
}

export function write(stream: StreamHandle, data: string | Uint8Array): Promise<Status> {
  return new Promise(resolve => {
    const answer = stream.write([Buffer.from(data as string)], resolve)
    if (answer !== 0) resolve(answer)
  })
}

export function shutdown(stream: StreamHandle): Promise<Status> {
  return new Promise(resolve => {
    const answer = stream.shutdown(resolve)
    if (answer < 0) resolve(answer)
  })
}

export function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

/** `Promise.withResolvers`, which Node 20 has not. */
export function deferred<T>() {
  let resolve: (value: T) => void = () => {}
  let reject: (reason: unknown) => void = () => {}
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}
