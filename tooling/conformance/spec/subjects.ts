// The transports that the rows of the feature table are shown on, and what the tests of them share: a server and a client
// that are closed again. It knows no row.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type ServerOpts, type Socket } from '@x/core'
import {
  defaultTransport,
  loadNative,
  portable,
  setDefaultTransport,
  type Transport,
} from '@x/core/transport'
import { memoryNetwork, tempEndpoint } from '@x/testkit'
import { afterAll, afterEach, beforeAll, describe, onTestFinished } from 'vitest'

const native = loadNative()

const subjects: Record<string, { transport: Transport | null; reason?: string | undefined }> = {
  native,
  portable: { transport: portable },
  memory: { transport: memoryNetwork() },
}

/** What a test opened, closed after it. */
const open: (Server | Socket)[] = []

/** Closes it when the test is over. */
export function own<T extends Server | Socket>(one: T): T {
  open.push(one)
  return one
}

/** A suite on each transport, which is the default one meanwhile. Its name carries the transport's. */
export function onEachTransport(subject: string, suite: (transport: Transport) => void): void {
  for (const [name, { transport, reason }] of Object.entries(subjects)) {
    describe.skipIf(transport === null)(`${subject} on ${name}${reason ? ` (${reason})` : ''}`, () => {
      let before: Transport
      beforeAll(() => {
        before = defaultTransport()
        setDefaultTransport(transport)
      })
      afterAll(() => setDefaultTransport(before))
      afterEach(async () => {
        for (const one of open.splice(0)) {
          if ('destroy' in one) one.destroy()
          else if (one.listening) one.close()
        }
      })
      suite(transport!)
    })
  }
}

/** A server that listens on a port of 127.0.0.1. */
export async function listening(
  options: ServerOpts = {},
  listener: (socket: Socket) => void = () => {},
): Promise<Server & { port: number }> {
  const server = own(
    createServer(options, socket => {
      own(socket)
      listener(socket)
    }),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(server, { port: (server.address() as AddressInfo).port })
}

/** A path that a local server may take, on any transport. */
export function freshPath(): string {
  const endpoint = tempEndpoint()
  onTestFinished(() => endpoint.release())
  return endpoint.path
}

/** All that a socket reads until its end. */
export async function textOf(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += chunk
  return text
}

/** What a call throws. */
export function thrown(call: () => unknown): { name: string; code: string } {
  try {
    call()
  } catch (error) {
    const { name, code } = error as Error & { code: string }
    return { name, code }
  }
  throw new Error('nothing was thrown')
}
