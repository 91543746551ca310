/// <reference lib="dom" />
// What moves over the lanes: messages from worker to worker, and clients that move. It draws on a canvas above them, and
// nothing where people want no motion (prefers-reduced-motion): the lanes count in words all the same.
import { byId } from './element'

const MESSAGE_MS = 600
const CLIENT_MS = 900
/** Things that move at the same time; what is more is not drawn. */
const MOST = 150

interface Point {
  readonly x: number
  readonly y: number
}

/** Where something is drawn in the window, now; null where it is not any more. */
export type Place = () => DOMRect | null

interface Traveller {
  readonly from: Place
  readonly to: Place
  readonly beginsMs: number
  readonly lastsMs: number
  readonly kind: 'message' | 'client'
}

export class Motion {
  readonly #canvas = byId<HTMLCanvasElement>('motion')
  readonly #still = matchMedia('(prefers-reduced-motion: reduce)')
  #travellers: Traveller[] = []
  #isDrawing = false

  /** A message goes from one worker to another. */
  message(from: Place, to: Place, delayMs: number): void {
    this.#add({ from, to, kind: 'message' }, MESSAGE_MS, delayMs)
  }

  client(from: Place, to: Place): void {
    this.#add({ from, to, kind: 'client' }, CLIENT_MS, 0)
  }

  #add(path: Pick<Traveller, 'from' | 'to' | 'kind'>, lastsMs: number, delayMs: number): void {
    if (this.#still.matches || document.hidden || this.#travellers.length >= MOST) return
    this.#travellers.push({ ...path, lastsMs, beginsMs: performance.now() + delayMs })
    if (this.#isDrawing) return
    this.#isDrawing = true
    requestAnimationFrame(() => this.#draw())
  }

  #draw(): void {
    const now = performance.now()
    this.#travellers = this.#travellers.filter(({ beginsMs, lastsMs }) => now < beginsMs + lastsMs)
    const { clientWidth, clientHeight } = this.#canvas
    const scale = devicePixelRatio
    this.#canvas.width = clientWidth * scale
    this.#canvas.height = clientHeight * scale
    const pen = this.#canvas.getContext('2d')!
    pen.scale(scale, scale)
    const style = getComputedStyle(this.#canvas)
    const colors = { message: style.getPropertyValue('--accent'), client: style.getPropertyValue('--warm') }
    for (const traveller of this.#travellers) {
      const share = (now - traveller.beginsMs) / traveller.lastsMs
      if (share < 0) continue
      const from = traveller.from()
      const to = traveller.to()
      if (from === null || to === null) continue
      const { x, y } = at(traveller.kind, this.#middle(from), this.#middle(to), ease(share))
      pen.fillStyle = colors[traveller.kind]
      pen.beginPath()
      pen.arc(x, y, traveller.kind === 'client' ? 5 : 3, 0, 2 * Math.PI)
      pen.fill()
    }
    this.#isDrawing = this.#travellers.length > 0
    if (this.#isDrawing) requestAnimationFrame(() => this.#draw())
  }

  #middle({ x, y, width, height }: DOMRect): Point {
    const own = this.#canvas.getBoundingClientRect()
    return { x: x + width / 2 - own.x, y: y + height / 2 - own.y }
  }
}

/** On a bow: to the left for messages, along the edge of the lanes; to the right for clients. */
function at(kind: Traveller['kind'], from: Point, to: Point, share: number): Point {
  const rest = 1 - share
  const bow = kind === 'message' ? -Math.min(28, 12 + Math.abs(to.y - from.y) / 12) : 40
  const control = { x: (from.x + to.x) / 2 + bow, y: (from.y + to.y) / 2 }
  return {
    x: rest * rest * from.x + 2 * rest * share * control.x + share * share * to.x,
    y: rest * rest * from.y + 2 * rest * share * control.y + share * share * to.y,
  }
}

function ease(share: number): number {
  return share < 0.5 ? 2 * share * share : 1 - (2 - 2 * share) ** 2 / 2
}
