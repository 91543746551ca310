// One direction of a simulated TCP connection (RFC 9293): segments in order, acknowledgements that travel back, a window
// that they open, and what is repeated until it is acknowledged or given up (RFC 6298, tcp(7)). There is no congestion
// control. It knows links and time, and its ends only to call them.
import { errno } from '@x/core/transport'
import type { KeepAlive, Lane, LaneEnds, LaneRequest, Lanes, SegmentKind } from '../network/fabric'
import type { Stack } from '../network/stack'
import type { Link, Passage } from './link'

/** Linux sends a SYN again six times after 1, 2, 4 .. 64 seconds (tcp_syn_retries), its answer five times. */
const RETRIES: Readonly<Record<SegmentKind, number>> = { syn: 6, 'syn-ack': 5, data: 15, fin: 15 }
/** First retransmission of a SYN (RFC 6298 2.1). */
const SYN_RETRY_MS = 1000
/** First retransmission of anything else, where the way is shorter than that (Linux's TCP_RTO_MIN). */
const LEAST_RETRY_MS = 200
const MOST_RETRY_MS = 120_000
/** Unanswered questions whether a closed window has opened, before a connection is given up (tcp_retries2). */
const MOST_PROBES = 15
/** A piece worth a segment of its own: what segmentation offload hands to a network card at once. */
const SEGMENT_BYTES = 16_384

/** What a lane needs of its simulation. */
export interface TcpSurroundings {
  /** From the end that sends to the end that receives. */
  readonly link: Link
  readonly label: string
  readonly from: Stack
  readonly to: Stack
  readonly capacityBytes: number
  now(): number
  pass(bytes: number): Passage
  /** Calls back later; returns what cancels it. */
  after(ms: number, job: () => void): () => void
  note(text: string, payload?: Uint8Array | null): void
}

interface Segment {
  readonly kind: SegmentKind
  readonly payload: Buffer | null
  /** Its first byte; a SYN and a FIN count as one byte. */
  readonly at: number
  readonly length: number
  readonly arrive: () => boolean | undefined
  readonly acked: (() => void) | undefined
  leavesAtMs: number
}

/** What every segment says about the other direction: the next byte that is expected, and how far the window goes. */
interface Receipt {
  readonly next: number
  readonly edge: number
}

/** A lane between two simulated hosts. */
export class TcpLane implements Lane {
  readonly segmentBytes = SEGMENT_BYTES
  readonly isRepeating = true
  readonly #around: TcpSurroundings
  readonly #ends: LaneEnds
  /** The start of each host's system that knows of the connection. */
  #fromBoot: number
  #toBoot: number | null = null
  #other: TcpLane = this

  // The end that sends.
  readonly #unacked: Segment[] = []
  #sent = 0
  #acked = 0
  #edge = 0
  #retries = 0
  /** What was sent before the last time-out is sent again as acknowledgements come. */
  #repeatUntil = 0
  #isBlocked = false
  /** Questions since the window closed, and those of them that nobody has answered. */
  #asked = 0
  #probes = 0
  #isOver = false
  #keepAlive: KeepAlive | null = null
  #heardAtMs = 0
  #cancelTimer: () => void = () => {}
  #lastArrivalMs = 0

  // The end that receives.
  #expected = 0
  readonly #early = new Map<number, Segment>()
  #earlyBytes = 0
  #told: Receipt = { next: 0, edge: 0 }

  private constructor(around: TcpSurroundings, ends: LaneEnds) {
    this.#around = around
    this.#ends = ends
    this.#fromBoot = around.from.boots
  }

  /** Both lanes of a connection. */
  static pair(request: LaneRequest, outward: TcpSurroundings, homeward: TcpSurroundings): Lanes {
    const lanes = {
      outward: new TcpLane(outward, request.outward),
      homeward: new TcpLane(homeward, request.homeward),
    }
    lanes.outward.#other = lanes.homeward
    lanes.homeward.#other = lanes.outward
    lanes.homeward.#toBoot = lanes.outward.#fromBoot
    return lanes
  }

  send(
    kind: SegmentKind,
    payload: Buffer | null,
    arrive: () => boolean | undefined,
    acked?: () => void,
  ): void {
    if (this.#isOver) return
    const length = payload?.length ?? 1
    const segment: Segment = { kind, payload, at: this.#sent, length, arrive, acked, leavesAtMs: 0 }
    this.#sent += length
    this.#unacked.push(segment)
    this.#around.note(`${this.#around.label} ${kind}${payload ? ` ${length}` : ''}`, payload)
    this.#transmit(segment)
    if (this.#unacked.length === 1) this.#arm()
  }

  reset(arrive: () => void): void {
    this.#around.note(`${this.#around.label} rst`)
    // A refusal is no end: the same SYN may come again, when somebody listens.
    if (this.#sent > 0) this.abandon()
    this.#carry(0, () => {
      this.#around.note(`${this.#around.label} rst arrives`)
      arrive()
    })
  }

  room(): number {
    const room = this.#isOver ? 0 : this.#edge - this.#sent
    if (room <= 0 && !this.#isBlocked) {
      this.#isBlocked = true
      if (this.#unacked.length === 0) this.#arm()
    }
    return room
  }

  /** A window that has opened by a segment, or by half, is worth telling of (RFC 9293 3.8.6.2.2). */
  consumed(): void {
    const opened = this.#window() - this.#told.edge
    if (opened >= Math.min(SEGMENT_BYTES, this.#around.capacityBytes / 2)) this.#acknowledge()
  }

  keepAlive(settings: KeepAlive | null): void {
    this.#keepAlive = settings
    this.#heardAtMs = this.#around.now()
    if (this.#unacked.length === 0) this.#arm()
  }

  abandon(): void {
    this.#isOver = true
    this.#unacked.length = 0
    this.#cancelTimer()
  }

  // The way itself.

  #carry(bytes: number, arrive: () => void): number {
    const { from, to } = this.#around
    if (!from.isPowered || from.boots !== this.#fromBoot) {
      this.abandon()
      return this.#around.now()
    }
    const { leavesAtMs, arrivesAtMs } = this.#around.pass(bytes)
    if (arrivesAtMs === null) return leavesAtMs
    // Jitter changes no order.
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, arrivesAtMs)
    this.#around.after(Math.ceil(this.#lastArrivalMs - this.#around.now()), () => {
      // What is on the way when a link is cut is lost too.
      if (to.isPowered && !this.#around.link.isCut) arrive()
    })
    return leavesAtMs
  }

  #transmit(segment: Segment): void {
    const receipt = this.#other.#receipt()
    segment.leavesAtMs = this.#carry(segment.payload?.length ?? 0, () => {
      if (this.#isKnown(segment.kind)) this.#arrived(segment, receipt)
    })
  }

  /** Where the receiving host has crashed meanwhile, its system answers with a reset. */
  #isKnown(kind: SegmentKind | 'probe'): boolean {
    const { boots } = this.#around.to
    if (kind === 'syn' && this.#toBoot !== boots) {
      this.#toBoot = boots
      this.#expected = 0
      this.#told = { next: 0, edge: 0 }
      this.#other.#fromBoot = boots
    }
    if (this.#toBoot === null || this.#toBoot === boots) return true
    this.#around.note(`${this.#around.label} ${kind} to nobody`)
    this.#backToSender(0, () => this.#ends.reset())
    return false
  }

  /** An answer of the receiving host's system: it needs no connection. */
  #backToSender(bytes: number, arrive: () => void): void {
    const { link, from } = this.#other.#around
    const { arrivesAtMs } = this.#other.#around.pass(bytes)
    if (arrivesAtMs === null) return
    this.#around.after(Math.ceil(arrivesAtMs - this.#around.now()), () => {
      if (this.#around.from.isPowered && from.isPowered && !link.isCut) arrive()
    })
  }

  // The end that receives.

  #arrived(segment: Segment, receipt: Receipt): void {
    this.#other.#heard(receipt)
    if (segment.at > this.#expected) {
      if (!this.#early.has(segment.at)) this.#earlyBytes += segment.length
      this.#early.set(segment.at, segment)
    } else if (segment.at === this.#expected) {
      if (!this.#deliver(segment)) return
      if (this.#told.next === this.#expected) return
    }
    // A SYN is acknowledged by its answer, never alone.
    if (segment.kind === 'syn') this.#other.#repeatAnswer()
    else this.#acknowledge()
  }

  #repeatAnswer(): void {
    const head = this.#unacked[0]
    if (head?.kind === 'syn-ack') this.#repeat(head)
  }

  /** Delivers a segment and those behind it that came before it. False: it was not taken. */
  #deliver(first: Segment): boolean {
    for (let segment: Segment | undefined = first; segment; segment = this.#early.get(this.#expected)) {
      if (this.#early.delete(segment.at)) this.#earlyBytes -= segment.length
      this.#expected += segment.length
      this.#around.note(`${this.#around.label} ${segment.kind} arrives`)
      if (segment.arrive() !== false) continue
      this.#expected -= segment.length
      return false
    }
    return true
  }

  #window(): number {
    return this.#expected + Math.max(0, this.#around.capacityBytes - this.#ends.unread() - this.#earlyBytes)
  }

  #receipt(): Receipt {
    this.#told = { next: this.#expected, edge: Math.max(this.#told.edge, this.#window()) }
    return this.#told
  }

  #acknowledge(): void {
    const receipt = this.#receipt()
    this.#other.#carry(0, () => this.#heard(receipt))
  }

  // The end that sends, and what it hears.

  #heard({ next, edge }: Receipt): void {
    if (this.#isOver) return
    this.#heardAtMs = this.#around.now()
    this.#probes = 0
    this.#edge = Math.max(this.#edge, edge)
    if (next > this.#acked) this.#advance(next)
    if (this.#isOver || !this.#isBlocked || this.#edge <= this.#sent) return
    this.#isBlocked = false
    this.#asked = 0
    this.#ends.hasRoom()
    if (this.#unacked.length === 0) this.#arm()
  }

  #advance(next: number): void {
    this.#acked = next
    this.#retries = 0
    const done: Segment[] = []
    for (let head = this.#unacked[0]; head && head.at + head.length <= next; head = this.#unacked[0]) {
      this.#unacked.shift()
      done.push(head)
    }
    const head = this.#unacked[0]
    if (head && head.at < this.#repeatUntil) this.#repeat(head)
    this.#arm()
    for (const segment of done) segment.acked?.()
  }

  #repeat(segment: Segment): void {
    this.#around.note(`${this.#around.label} ${segment.kind} again`)
    this.#transmit(segment)
  }

  /** One timer: what is sent is repeated, else a closed window is asked for, else a silent peer. */
  #arm(): void {
    this.#cancelTimer()
    if (this.#isOver) return
    const now = this.#around.now()
    const head = this.#unacked[0]
    if (head) {
      const leavesInMs = Math.max(0, head.leavesAtMs - now)
      this.#startTimer(leavesInMs + this.#retryMs(head.kind, this.#retries), () => this.#expired())
    } else if (this.#isBlocked) {
      this.#startTimer(this.#retryMs('data', this.#asked), () => this.#ask(MOST_PROBES))
    } else if (this.#keepAlive) {
      const { idleMs, count } = this.#keepAlive
      const waitMs = this.#heardAtMs + idleMs - now
      if (waitMs > 0) this.#startTimer(waitMs, () => this.#arm())
      else this.#ask(count)
    }
  }

  #startTimer(ms: number, job: () => void): void {
    this.#cancelTimer = this.#around.after(Math.ceil(ms), job)
  }

  #retryMs(kind: SegmentKind, retries: number): number {
    const isSyn = kind === 'syn' || kind === 'syn-ack'
    const back = this.#other.#around.link
    const roundMs = 2 * (this.#around.link.mostMs + back.mostMs) + back.queueMs(this.#around.now())
    const firstMs = Math.max(isSyn ? SYN_RETRY_MS : LEAST_RETRY_MS, roundMs)
    return Math.min(firstMs * 2 ** retries, Math.max(MOST_RETRY_MS, roundMs))
  }

  #expired(): void {
    const head = this.#unacked[0]
    if (!head) return
    this.#retries++
    if (this.#retries > RETRIES[head.kind]) return this.#giveUp()
    this.#repeatUntil = this.#sent
    this.#repeat(head)
    this.#arm()
  }

  /** Asks for an acknowledgement, as many times as it takes or may take. */
  #ask(most: number): void {
    this.#asked++
    this.#probes++
    if (this.#probes > most) return this.#giveUp()
    this.#around.note(`${this.#around.label} probe`)
    this.#carry(0, () => {
      if (this.#isKnown('probe')) this.#acknowledge()
    })
    if (this.#isBlocked || !this.#keepAlive) return this.#arm()
    this.#startTimer(this.#keepAlive.intervalMs, () => this.#answered())
  }

  #answered(): void {
    if (this.#probes > 0 && this.#unacked.length === 0 && this.#keepAlive) this.#ask(this.#keepAlive.count)
    else this.#arm()
  }

  #giveUp(): void {
    this.#around.note(`${this.#around.label} given up`)
    this.abandon()
    this.#ends.lost(errno('ETIMEDOUT'))
  }
}
