// One direction of a simulated connection: segments in order over a link, sent again while nothing passes, given up
// in the end. It knows TCP's patience (tcp(7)), and nothing of the ends.
import { errno, type Status } from '@x/core/transport'
import type { Lane, SegmentKind } from '../network/fabric'
import type { Link } from './link'

/** Linux sends a SYN again six times: 1, 2, 4 .. 64 seconds (tcp_syn_retries). */
const SYN_RETRIES = 6
/** Other segments fifteen times, at most 120 seconds apart (tcp_retries2). */
const DATA_RETRIES = 15
const MOST_RETRY_MS = 120_000
/** A piece worth a segment of its own: what segmentation offload hands to a network card at once. */
const SEGMENT_BYTES = 16_384

/** What a lane needs of its simulation. */
export interface LaneSurroundings {
  readonly link: Link
  readonly label: string
  now(): number
  arrivalOf(bytes: number): number
  after(ms: number, job: () => void): void
  note(text: string, payload?: Uint8Array | null): void
  /** The receiving host runs. */
  isReceiverUp(): boolean
  /** The sending host's software that opened this connection still runs, or its kernel may still repeat what it sent. */
  isSenderUp(): boolean
  lost(status: Status): void
}

interface Segment {
  readonly kind: SegmentKind
  readonly payload: Uint8Array | null
  readonly arriveAtMs: number
  readonly arrive: () => void
}

/** A lane between two simulated hosts. */
export class SimulatedLane implements Lane {
  readonly segmentBytes = SEGMENT_BYTES
  readonly #around: LaneSurroundings
  readonly #onWay: Segment[] = []
  #lastArrivalMs = 0
  #isWaiting = false
  #isLost = false

  constructor(around: LaneSurroundings) {
    this.#around = around
  }

  send(kind: SegmentKind, payload: Uint8Array | null, arrive: () => void): void {
    if (this.#isLost) return
    const bytes = payload?.byteLength ?? 0
    this.#around.note(`${this.#around.label} ${kind}${bytes > 0 ? ` ${bytes}` : ''}`, payload)
    const arriveAtMs = Math.max(this.#lastArrivalMs, this.#around.arrivalOf(bytes))
    this.#lastArrivalMs = arriveAtMs
    this.#onWay.push({ kind, payload, arriveAtMs, arrive })
    this.#wait()
  }

  #wait(): void {
    const head = this.#onWay[0]
    if (!head || this.#isWaiting) return
    this.#isWaiting = true
    this.#around.after(Math.ceil(head.arriveAtMs - this.#around.now()), () => {
      this.#isWaiting = false
      this.#arrive(0)
    })
  }

  #arrive(retries: number): void {
    const head = this.#onWay[0]
    if (retries > (head?.kind === 'syn' ? SYN_RETRIES : DATA_RETRIES)) {
      this.#giveUp()
      return
    }
    if (this.#around.link.isCut || !this.#around.isReceiverUp()) {
      this.#retry(retries)
      return
    }
    const now = this.#around.now()
    for (let due = this.#onWay[0]; due && due.arriveAtMs <= now; due = this.#onWay[0]) {
      this.#onWay.shift()
      this.#around.note(`${this.#around.label} ${due.kind} arrives`)
      due.arrive()
    }
    this.#wait()
  }

  #retry(retries: number): void {
    const head = this.#onWay[0]
    if (!head) return
    if (!this.#around.isSenderUp()) {
      this.#onWay.length = 0
      return
    }
    const firstMs = head.kind === 'syn' ? 1000 : this.#around.link.retryMs
    const waitMs = Math.min(firstMs * 2 ** retries, MOST_RETRY_MS)
    this.#isWaiting = true
    this.#around.after(waitMs, () => {
      this.#isWaiting = false
      this.#arrive(retries + 1)
    })
  }

  #giveUp(): void {
    this.#around.note(`${this.#around.label} given up`)
    this.#isLost = true
    this.#onWay.length = 0
    this.#around.lost(errno('ETIMEDOUT'))
  }
}
