// Pairs of connected streams for the tests of channels, and bytes written by hand. It holds no tests.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, connect as netConnect, type Socket } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { Duplex } from 'node:stream'
import { selectTransport } from '@x/core/transport'

/** A folder of the test's own, and how to remove it. */
export function temporaryFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'x-ipc-test-'))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** Two connected local sockets of node:net. */
export async function socketPair(): Promise<[Socket, Socket]> {
  const { folder, remove } = temporaryFolder()
  const server = createServer({ allowHalfOpen: true })
  server.listen(path.join(folder, 's'))
  await once(server, 'listening')
  const client = netConnect(path.join(folder, 's'))
  const [[accepted]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as [
    [Socket],
    unknown,
  ]
  server.close()
  remove()
  return [client, accepted]
}

/** Two connected streams in memory: what one writes the other reads, at most `highWaterMark` bytes ahead. */
export function memoryPair(highWaterMark = 65536): [Duplex, Duplex] {
  const make = (): Duplex & { other?: Duplex; release?: () => void } =>
    new Duplex({
      highWaterMark,
      read() {
        const { release } = a === this ? b : a
        if (release) release()
      },
      write(this: Duplex & { release?: () => void }, chunk, _encoding, done) {
        const other = this === a ? b : a
        this.release = () => {
          delete this.release
          done()
        }
        if (other.push(chunk)) this.release()
      },
      final(done) {
        const other = this === a ? b : a
        other.push(null)
        done()
      },
    })
  const a = make()
  const b = make()
  return [a, b]
}

/** A frame as it stands on the wire. */
export function frame(kind: number, encoding: number, payload: Buffer | string, id = 0, handles = 0): Buffer {
  const body = Buffer.from(payload as string)
  const header = Buffer.alloc(12)
  header.writeUInt32LE(body.length, 0)
  header[4] = kind
  header[5] = encoding
  header.writeUInt16LE(handles, 6)
  header.writeUInt32LE(id, 8)
  return Buffer.concat([header, body])
}

/** What a peer of the protocol says first. */
export function preamble(version = 1, flags = 0, frameLimit = 65536): Buffer {
  const bytes = Buffer.from([0x78, 0x63, 0x68, version, flags, 0, 0, 0, 0, 0, 0, 0])
  bytes.writeUInt32LE(frameLimit, 8)
  return bytes
}

/** Whether the transport of this run has a feature; if not, the reason why, for the names of the tests that need it. */
export function ability(feature: 'credentials' | 'handoff', what: string) {
  const { transport, reason } = selectTransport()
  const isAble = feature === 'handoff' ? transport.descriptors !== null : transport.supports(feature)
  const why = isAble
    ? ''
    : ` (skipped: the portable transport has no ${what}; native is not there: ${reason})`
  return { transport, isAble, why }
}
