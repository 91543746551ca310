// What Linux tells of a TCP connection: `struct tcp_info` of linux/tcp.h. It asks for nothing.
import { endianness } from 'node:os'

/**
 * How a TCP connection does (`TCP_INFO`, tcp(7)). Times are in milliseconds, amounts in bytes, rates in bytes a second;
 * what the running kernel is too old to tell is undefined.
 */
export interface TcpInfo {
  /** Round trip, smoothed, its variation, and the least that was seen. */
  readonly rttMs: number
  readonly rttVarianceMs: number
  readonly minRttMs: number | undefined
  /** Until a segment that is not acknowledged is sent again. */
  readonly retransmitTimeoutMs: number
  /** Segments that were sent again, in all; those that are out now and taken for lost. */
  readonly retransmits: number
  readonly lost: number
  /** Segments that are out and not acknowledged. */
  readonly unacknowledged: number
  /** Segments that may be out. */
  readonly congestionWindow: number
  readonly slowStartThreshold: number
  /** The largest segments to send and to receive, and what the path takes. */
  readonly sendMss: number
  readonly receiveMss: number
  readonly pathMtu: number
  /** Since data was sent, data was received, an acknowledgement was received. */
  readonly lastDataSentMs: number
  readonly lastDataReceivedMs: number
  readonly lastAckReceivedMs: number
  /** How fast it is sent, and how fast it got there lately. */
  readonly pacingRate: number | undefined
  readonly deliveryRate: number | undefined
  readonly bytesAcknowledged: number | undefined
  readonly bytesReceived: number | undefined
  readonly bytesSent: number | undefined
  readonly bytesRetransmitted: number | undefined
  /** Bytes that wait in the system and were not sent once. */
  readonly notSentBytes: number | undefined
  readonly segmentsSent: number | undefined
  readonly segmentsReceived: number | undefined
  /** The window that the peer leaves us, of newer kernels. */
  readonly sendWindow: number | undefined
}

/** Bytes to ask for: more than any kernel tells. */
export const TCP_INFO_BYTES = 512

const isLittle = endianness() === 'LE'

/** Reads the structure, of which older kernels tell less. */
export function decodeTcpInfo(bytes: Buffer): TcpInfo {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const has = (at: number, size: number): boolean => at + size <= bytes.length
  const word = (at: number): number => (has(at, 4) ? view.getUint32(at, isLittle) : 0)
  const newWord = (at: number): number | undefined => (has(at, 4) ? word(at) : undefined)
  const long = (at: number): number | undefined =>
    has(at, 8) ? Number(view.getBigUint64(at, isLittle)) : undefined
  const micro = (at: number): number => word(at) / 1000
  return {
    retransmitTimeoutMs: micro(8),
    sendMss: word(16),
    receiveMss: word(20),
    unacknowledged: word(24),
    lost: word(32),
    lastDataSentMs: word(44),
    lastDataReceivedMs: word(52),
    lastAckReceivedMs: word(56),
    pathMtu: word(60),
    rttMs: micro(68),
    rttVarianceMs: micro(72),
    slowStartThreshold: word(76),
    congestionWindow: word(80),
    retransmits: word(100),
    pacingRate: long(104),
    bytesAcknowledged: long(120),
    bytesReceived: long(128),
    segmentsSent: newWord(136),
    segmentsReceived: newWord(140),
    notSentBytes: newWord(144),
    minRttMs: has(148, 4) ? micro(148) : undefined,
    deliveryRate: long(160),
    bytesSent: long(200),
    bytesRetransmitted: long(208),
    sendWindow: newWord(228),
  }
}
