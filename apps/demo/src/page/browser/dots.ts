/// <reference lib="dom" />
// The clients of one worker as dots, in rows. It knows where each dot is, and not what a client does.
import { count } from '../../count'
import type { ClientSighting } from '../../primary/hub-messages'
import { type ClientKind, kindOf } from './model'

const SVG = 'http://www.w3.org/2000/svg'
/** Distance between two dots. */
const STEP = 16
const RADIUS = 5

export class Dots {
  readonly svg = document.createElementNS(SVG, 'svg')
  readonly #circles = new Map<number, SVGCircleElement>()

  constructor() {
    this.svg.setAttribute('class', 'dots')
    this.svg.setAttribute('role', 'img')
  }

  draw(clients: readonly ClientSighting[], width: number): void {
    const columns = Math.max(1, Math.floor(width / STEP))
    const rows = Math.max(1, Math.ceil(clients.length / columns))
    this.svg.setAttribute('width', String(columns * STEP))
    this.svg.setAttribute('height', String(rows * STEP))
    this.svg.setAttribute('aria-label', describe(clients))
    const ids = new Set(clients.map(({ id }) => id))
    for (const [id, circle] of this.#circles) {
      if (ids.has(id)) continue
      circle.remove()
      this.#circles.delete(id)
    }
    for (const [index, client] of clients.entries()) {
      const circle = this.#circleOf(client.id)
      circle.setAttribute('class', `${kindOf(client)}${client.isSubscriber ? ' subscriber' : ''}`)
      circle.setAttribute('cx', String((index % columns) * STEP + STEP / 2))
      circle.setAttribute('cy', String(Math.floor(index / columns) * STEP + STEP / 2))
      circle.setAttribute('r', String(client.isSubscriber ? RADIUS : RADIUS - 0.5))
    }
  }

  /** Where a client is drawn, in the window; null where it is not. */
  placeOf(id: number): DOMRect | null {
    return this.#circles.get(id)?.getBoundingClientRect() ?? null
  }

  #circleOf(id: number): SVGCircleElement {
    const known = this.#circles.get(id)
    if (known !== undefined) return known
    const circle = document.createElementNS(SVG, 'circle')
    this.#circles.set(id, circle)
    this.svg.append(circle)
    return circle
  }
}

function describe(clients: readonly ClientSighting[]): string {
  if (clients.length === 0) return 'no clients'
  const of = (kind: ClientKind) => clients.filter(client => kindOf(client) === kind).length
  const kinds = [
    [of('page'), 'of the page'],
    [of('load'), 'of the load'],
    [of('other'), 'others'],
  ] as const
  const parts = kinds.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`)
  return `${count(clients.length, 'client')}: ${parts.join(', ')}`
}
