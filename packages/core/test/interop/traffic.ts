// Bytes by the megabyte with their checksum, sent and received without holding them. Not a test by itself.
import { createHash, randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

const MEGABYTE = 1 << 20

/** How much goes each way. */
export const MEGABYTES = 64

/** Random bytes, in chunks that differ from each other, and the checksum of all. */
export function traffic(megabytes: number = MEGABYTES): { chunks: Iterable<Buffer>; sum: string } {
  const base = randomBytes(MEGABYTE)
  function* chunks(): Generator<Buffer> {
    for (let i = 0; i < megabytes; i++) {
      const chunk = Buffer.from(base)
      chunk.writeUInt32LE(i)
      yield chunk
    }
  }
  const hash = createHash('sha256')
  for (const chunk of chunks()) hash.update(chunk)
  return { chunks: chunks(), sum: hash.digest('hex') }
}

/** The checksum of all that a stream gives. */
export async function sumOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of stream) hash.update(chunk)
  return hash.digest('hex')
}

/** Sends the traffic into a stream that echoes it, and answers whether what came back is the same. */
export async function echoes(stream: Duplex, megabytes: number = MEGABYTES): Promise<boolean> {
  const { chunks, sum } = traffic(megabytes)
  const [received] = await Promise.all([
    sumOf(stream),
    pipeline(Readable.from(chunks), stream, { end: true }),
  ])
  return received === sum
}
