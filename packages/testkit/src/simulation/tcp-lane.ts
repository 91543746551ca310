// One direction of a simulated TCP connection (RFC 9293): segments in order, acknowledgements that travel back, a window
// that they open, and what is repeated until it is acknowledged or given up (RFC 6298, tcp(7)). There is no congestion
// control. It knows links and time, and its ends only to call them.
import { errno, type TcpAddress } from '@x/core/transport'
import type { PacketFlag } from '../faults/rule'
import type { KeepAlive, Lane, LaneEnd, Lanes, Segment, SegmentKind } from '../network/fabric'
import { formatTcp } from '../network/ip-address'
import type { Stack } from '../network/stack'
import { Line, type Link } from './link'
import { RoundTrip } from './round-trip'

/** Linux sends a SYN again six times after 1, 2, 4 .. 64 seconds (tcp_syn_retries), its answer five times. */
const RETRIES: Readonly<Record<SegmentKind, number>> = { syn: 6, 'syn-ack': 5, data: 15, fin: 15, close: 15 }
/** Unanswered questions whether a closed window has opened, before a connection is given up (tcp_retries2). */
const MOST_PROBES = 15
/** A piece worth a segment of its own: what segmentation offload hands to a network card at once. */
const SEGMENT_BYTES = 16_384
/** Headers of a packet without options: IPv4 20, TCP 20 (RFC 9293). */
const HEADER_BYTES = 40

/** One end of a lane: the host, its address and port, and the code there. */
export interface Side {
  readonly stack: Stack
  readonly at: TcpAddress
  readonly end: LaneEnd
}

/** What a lane needs of its simulation. */
export interface TcpSurroundings {
  /** The number of the connection. */
  readonly connection: number
  readonly capacityBytes: number
  linkBetween(from: Stack, to: Stack): Link
  now(): number
  /** Calls back later; returns what cancels it. */
  after(ms: number, job: () => void): () => void
  note(text: string, payload?: Uint8Array | null): void
}

/** A segment that was sent, until it is acknowledged. */
interface Sent {
  readonly segment: Segment
  /** Its first byte; a SYN and a FIN count as one byte. */
  readonly at: number
  readonly length: number
  isRepeated: boolean
  leavesAtMs: number
}

/** What is put on the wire. */
interface Outgoing {
  readonly flag: PacketFlag
  readonly at: number
  readonly payload: Buffer | null
  readonly isRepeated: boolean
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
  readonly #role: 'client' | 'server'
  readonly #sender: Side
  readonly #receiver: Side
  readonly #link: Link
  readonly #label: string
  readonly #line = new Line()
  /** The start of each host's system that knows of the connection. */
  #fromBoot: number
  #toBoot: number | null = null
  #other: TcpLane = this

  // The end that sends.
  readonly #unacked: Sent[] = []
  readonly #roundTrip = new RoundTrip()
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

  // The end that receives.
  #expected = 0
  readonly #early = new Map<number, Sent>()
  #earlyBytes = 0
  #told: Receipt = { next: 0, edge: 0 }

  private constructor(around: TcpSurroundings, role: 'client' | 'server', sender: Side, receiver: Side) {
    this.#around = around
    this.#role = role
    this.#sender = sender
    this.#receiver = receiver
    this.#link = around.linkBetween(sender.stack, receiver.stack)
    this.#label = `${nameOf(sender)} > ${nameOf(receiver)}`
    this.#fromBoot = sender.stack.boots
  }

  /** Both lanes of a connection. */
  static pair(around: TcpSurroundings, client: Side, server: Side): Lanes {
    const lanes = {
      outward: new TcpLane(around, 'client', client, server),
      homeward: new TcpLane(around, 'server', server, client),
    }
    lanes.outward.#other = lanes.homeward
    lanes.homeward.#other = lanes.outward
    lanes.homeward.#toBoot = lanes.outward.#fromBoot
    return lanes
  }

  send(segment: Segment): void {
    if (this.#isOver) return
    const { kind, payload } = segment
    const length = payload?.length ?? 1
    const sent: Sent = { segment, at: this.#sent, length, isRepeated: false, leavesAtMs: 0 }
    this.#sent += length
    this.#unacked.push(sent)
    this.#around.note(`${this.#label} ${kind}${payload ? ` ${length}` : ''}`, payload)
    this.#transmit(sent)
    if (this.#unacked.length === 1) this.#arm()
  }

  reset(): void {
    this.#around.note(`${this.#label} rst`)
    // A refusal is no end: the same SYN may come again, when somebody listens.
    if (this.#sent > 0) this.abandon()
    this.#carry(this.#bare('rst'), () => {
      this.#around.note(`${this.#label} rst arrives`)
      this.#receiver.end.arriveReset()
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

  #carry(outgoing: Outgoing, arrive: () => void): number {
    const { stack } = this.#sender
    if (!stack.isPowered || stack.boots !== this.#fromBoot) {
      this.abandon()
      return this.#around.now()
    }
    return this.#put(outgoing, this.#line, arrive)
  }

  #put({ flag, at, payload, isRepeated }: Outgoing, line: Line, arrive: () => void): number {
    const [from, to] = [this.#sender, this.#receiver]
    return this.#link.send({
      packet: {
        from: from.stack.host,
        to: to.stack.host,
        source: from.at,
        destination: to.at,
        flag,
        sequence: at,
        isRepeated,
        payload,
        wireBytes: (payload?.length ?? 0) + HEADER_BYTES,
      },
      connection: this.#around.connection,
      role: this.#role,
      line,
      arrive() {
        if (to.stack.isPowered) arrive()
      },
      reset: () => this.#cutOff(),
    })
  }

  /** Something on the way has reset the connection: both ends hear of it. */
  #cutOff(): void {
    this.#around.note(`${this.#label} reset on the way`)
    for (const { stack, end } of [this.#sender, this.#receiver]) if (stack.isPowered) end.arriveReset()
  }

  #bare(flag: PacketFlag): Outgoing {
    return { flag, at: this.#sent, payload: null, isRepeated: false }
  }

  #transmit(sent: Sent): void {
    const { segment, at, isRepeated } = sent
    const { kind, payload } = segment
    const receipt = this.#other.#receipt()
    const flag = kind === 'close' ? 'fin' : kind
    sent.leavesAtMs = this.#carry({ flag, at, payload, isRepeated }, () => {
      if (this.#isKnown(kind)) this.#arrived(sent, receipt)
    })
  }

  /** Where the receiving host has crashed meanwhile, its system answers with a reset, which needs no connection. */
  #isKnown(kind: SegmentKind | 'probe'): boolean {
    const { boots } = this.#receiver.stack
    if (kind === 'syn' && this.#toBoot !== boots) {
      this.#toBoot = boots
      this.#expected = 0
      this.#told = { next: 0, edge: 0 }
      this.#other.#fromBoot = boots
    }
    if (this.#toBoot === null || this.#toBoot === boots) return true
    this.#around.note(`${this.#label} ${kind} to nobody`)
    this.#other.#put(this.#other.#bare('rst'), new Line(), () => this.#sender.end.arriveReset())
    return false
  }

  // The end that receives.

  #arrived(sent: Sent, receipt: Receipt): void {
    this.#other.#heard(receipt)
    if (sent.at > this.#expected) {
      if (!this.#early.has(sent.at)) this.#earlyBytes += sent.length
      this.#early.set(sent.at, sent)
    } else if (sent.at === this.#expected) {
      if (!this.#deliver(sent)) return
      if (this.#told.next === this.#expected) return
    }
    // A SYN is acknowledged by its answer, never alone.
    if (sent.segment.kind === 'syn') this.#other.#repeatAnswer()
    else this.#acknowledge()
  }

  #repeatAnswer(): void {
    const head = this.#unacked[0]
    if (head?.segment.kind === 'syn-ack') this.#repeat(head)
  }

  /** Delivers a segment and those behind it that came before it. False: it was not taken. */
  #deliver(first: Sent): boolean {
    for (let sent: Sent | undefined = first; sent; sent = this.#early.get(this.#expected)) {
      if (this.#early.delete(sent.at)) this.#earlyBytes -= sent.length
      this.#expected += sent.length
      this.#around.note(`${this.#label} ${sent.segment.kind} arrives`)
      if (this.#receiver.end.arrive(sent.segment)) continue
      this.#expected -= sent.length
      return false
    }
    return true
  }

  #window(): number {
    return (
      this.#expected + Math.max(0, this.#around.capacityBytes - this.#receiver.end.unread - this.#earlyBytes)
    )
  }

  #receipt(): Receipt {
    this.#told = { next: this.#expected, edge: Math.max(this.#told.edge, this.#window()) }
    return this.#told
  }

  #acknowledge(): void {
    const receipt = this.#receipt()
    this.#other.#carry(this.#other.#bare('ack'), () => this.#heard(receipt))
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
    this.#sender.end.hasRoom()
    if (this.#unacked.length === 0) this.#arm()
  }

  #advance(next: number): void {
    this.#acked = next
    this.#retries = 0
    const done: Sent[] = []
    for (let head = this.#unacked[0]; head && head.at + head.length <= next; head = this.#unacked[0]) {
      this.#unacked.shift()
      done.push(head)
    }
    const last = done.at(-1)
    if (last && done.every(each => !each.isRepeated))
      this.#roundTrip.measured(this.#heardAtMs - last.leavesAtMs)
    const head = this.#unacked[0]
    if (head && head.at < this.#repeatUntil) this.#repeat(head)
    this.#arm()
    for (const { segment } of done) this.#sender.end.acknowledged(segment)
  }

  #repeat(sent: Sent): void {
    this.#around.note(`${this.#label} ${sent.segment.kind} again`)
    sent.isRepeated = true
    this.#transmit(sent)
  }

  /** One timer: what is sent is repeated, else a closed window is asked for, else a silent peer. */
  #arm(): void {
    this.#cancelTimer()
    if (this.#isOver) return
    const now = this.#around.now()
    const head = this.#unacked[0]
    if (head) {
      const leavesInMs = Math.max(0, head.leavesAtMs - now)
      this.#startTimer(leavesInMs + this.#roundTrip.timeoutMs(this.#retries), () => this.#expired())
    } else if (this.#isBlocked) {
      this.#startTimer(this.#roundTrip.timeoutMs(this.#asked), () => this.#ask(MOST_PROBES))
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

  #expired(): void {
    const head = this.#unacked[0]
    if (!head) return
    this.#retries++
    if (this.#retries > RETRIES[head.segment.kind]) return this.#giveUp()
    this.#repeatUntil = this.#sent
    this.#repeat(head)
    this.#arm()
  }

  /** Asks for an acknowledgement, as many times as it takes or may take. */
  #ask(most: number): void {
    this.#asked++
    this.#probes++
    if (this.#probes > most) return this.#giveUp()
    this.#around.note(`${this.#label} probe`)
    this.#carry(this.#bare('probe'), () => {
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
    this.#around.note(`${this.#label} given up`)
    this.abandon()
    this.#sender.end.lost(errno('ETIMEDOUT'))
  }
}

function nameOf({ stack, at }: Side): string {
  return `${stack.host} ${formatTcp(at)}`
}
