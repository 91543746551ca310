// Several chunks as one. It knows where copying pays, and no socket.

/** So many bytes in all are cheaper to copy into one chunk than to hand to node:net as several. */
export const copyAtMost = 32 * 1024

/** Below so many bytes a loop is cheaper than the call of `set`. */
const tiny = 24

export function totalLength(chunks: readonly Uint8Array[]): number {
  let size = 0
  for (const chunk of chunks) size += chunk.length
  return size
}

/** A chunk of that size with the bytes of all the chunks. */
export function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = Buffer.allocUnsafe(size)
  let at = 0
  for (const chunk of chunks) {
    if (chunk.length > tiny) {
      whole.set(chunk, at)
      at += chunk.length
    } else for (let index = 0; index < chunk.length; index++) whole[at++] = chunk[index]!
  }
  return whole
}
