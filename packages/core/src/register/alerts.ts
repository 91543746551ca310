// The last record that TLS reads from a socket of this package. Where the peer's data and its farewell come together, Node
// tells TLS's 'end' behind the ticks and promises of the data if the handle is its own, and ahead of them if it is not: an
// answer that takes a promise would be lost. It knows the frame of a record (RFC 8446, section 5), and no more of TLS.
import type { Duplex } from 'node:stream'
import { clearImmediate, setImmediate } from '../host'

const HEADER_BYTES = 5
/** Types of a record, its first byte. */
const ALERT = 21
const DATA = 23
/** The longest alert before TLS 1.3: two bytes, with the tag and the padding of the oldest ciphers. */
const LONGEST_ALERT_BYTES = 80
/** In TLS 1.3 an alert looks like data: two bytes, their type, and a tag. */
const HIDDEN_ALERT_BYTES = 19

/** A listener of any event. */
export type Listener = (...args: unknown[]) => void

/**
 * Has those who read a socket for TLS get an alert at the end of a read by itself, and the end behind it, once what follows
 * from the bytes before has run. `readers` are their listeners of 'data', `enders` those of 'end'.
 */
export function giveAlertsApart(
  socket: Duplex,
  readers: readonly Listener[],
  enders: readonly Listener[],
): void {
  let held: Buffer | null = null
  let timer: NodeJS.Immediate | undefined
  let hasEnded = false
  const tell = (listeners: readonly Listener[], ...args: unknown[]) => {
    for (const listener of listeners) Reflect.apply(listener, socket, args)
  }
  const release = () => {
    if (held === null) return
    clearImmediate(timer)
    const alert = held
    held = null
    tell(readers, alert)
    if (hasEnded) tell(enders)
  }
  socket.on('data', (chunk: Buffer) => {
    release()
    const at = alertAt(chunk)
    if (at < 0) return tell(readers, chunk)
    held = chunk.subarray(at)
    timer = setImmediate(release)
    if (at > 0) tell(readers, chunk.subarray(0, at))
  })
  socket.on('end', () => {
    hasEnded = true
    if (held === null) tell(enders)
  })
  socket.prependListener('close', release)
  for (const listener of readers) socket.off('data', listener)
  for (const listener of enders) socket.off('end', listener)
}

/** Where an alert begins that ends with the chunk; -1 where there is none. A wrong guess does no harm. */
function alertAt(chunk: Buffer): number {
  const first = chunk.length - HEADER_BYTES - LONGEST_ALERT_BYTES
  for (let at = Math.max(0, first); at + HEADER_BYTES < chunk.length; at++) {
    const type = chunk[at]
    if ((type !== ALERT && type !== DATA) || chunk[at + 1] !== 3) continue
    const size = chunk.length - at - HEADER_BYTES
    if (chunk.readUInt16BE(at + 3) === size && (type === ALERT || size === HIDDEN_ALERT_BYTES)) return at
  }
  return -1
}
