/// <reference lib="dom" />
// The workers, each as a lane with its clients. It draws what the model says, and tells which worker is to be killed.
import { count } from '../../count'
import { BRIDGE } from '../../mesh/questions'
import type { Flow } from '../page-events'
import { Dots } from './dots'
import { byId, element, setText } from './element'
import type { Lane, Model } from './model'

/** How often the messages of a lane are counted anew. */
const COUNTED_MS = 1000

class LaneView {
  readonly item: HTMLLIElement
  readonly hub = element('span', { className: 'hub' })
  readonly kill: HTMLButtonElement
  readonly dots = new Dots()
  readonly #badge = element('span', { className: 'badge' })
  readonly #clients = element('span')
  readonly #flow = element('span')
  #isEnded = false
  #published = 0
  #received = 0
  #fromBus = 0

  constructor(id: number, onKill: () => void) {
    this.kill = element(
      'button',
      { className: 'kill' },
      'Kill',
      element('span', { className: 'unseen' }, ` worker ${id}`),
    )
    this.kill.type = 'button'
    this.kill.addEventListener('click', () => {
      if (this.kill.getAttribute('aria-disabled') !== 'true') onKill()
    })
    const head = element(
      'div',
      { className: 'lane-head' },
      element('h3', {}, `Worker ${id}`),
      this.#badge,
      this.kill,
    )
    const numbers = element('p', { className: 'numbers' }, this.#clients, this.#flow)
    this.hub.setAttribute('aria-hidden', 'true')
    this.item = element('li', { className: 'lane' }, this.hub, head, numbers, this.dots.svg)
    this.item.dataset['worker'] = String(id)
  }

  draw({ state, clients, clientCount, worker }: Lane, width: number): void {
    this.item.dataset['state'] = state
    this.#isEnded = state === 'ended'
    if (this.#isEnded) setText(this.#flow, '')
    setText(this.#badge, state)
    this.kill.setAttribute('aria-disabled', String(state !== 'ready'))
    const hidden = clientCount - clients.length
    const process = worker.pid === undefined || state === 'ended' ? '' : `process ${worker.pid}, `
    setText(
      this.#clients,
      `${process}${count(clientCount, 'client')}${hidden > 0 ? `, ${hidden} of them not drawn` : ''}`,
    )
    this.dots.draw(clients, width)
  }

  count({ published, received }: Flow): void {
    this.#published += published
    for (const [from, messages] of received) {
      if (from === BRIDGE) this.#fromBus += messages
      else this.#received += messages
    }
  }

  showCount(): void {
    const bus = this.#fromBus > 0 ? `, ${this.#fromBus} over the bus` : ''
    const words = `${this.#published} published a second, ${this.#received} from other workers${bus}`
    setText(this.#flow, this.#isEnded ? '' : words)
    this.item.dataset['busy'] = String(this.#published + this.#received + this.#fromBus > 0)
    this.#published = 0
    this.#received = 0
    this.#fromBus = 0
  }
}

export class LanesView {
  readonly #model: Model
  readonly #kill: (worker: number) => void
  readonly #list = byId('lanes')
  readonly #lanes = new Map<number, LaneView>()

  constructor(model: Model, kill: (worker: number) => void) {
    this.#model = model
    this.#kill = kill
    setInterval(() => {
      for (const lane of this.#lanes.values()) lane.showCount()
    }, COUNTED_MS)
    new ResizeObserver(() => this.draw()).observe(this.#list)
  }

  draw(): void {
    const { lanes } = this.#model
    const ids = new Set(lanes.map(({ worker }) => worker.id))
    for (const [id, view] of this.#lanes) {
      if (ids.has(id)) continue
      this.#lanes.delete(id)
      // The keyboard's place must not be lost with the button.
      if (view.item.contains(document.activeElement)) byId('stage-title').focus()
      view.item.remove()
    }
    const style = getComputedStyle(this.#list)
    const width = this.#list.clientWidth - Number.parseFloat(style.getPropertyValue('--lane-inset'))
    for (const [index, lane] of lanes.entries()) {
      const view = this.#viewOf(lane.worker.id)
      if (this.#list.children[index] !== view.item) {
        const focused = view.item.contains(document.activeElement)
          ? (document.activeElement as HTMLElement)
          : null
        this.#list.insertBefore(view.item, this.#list.children[index] ?? null)
        focused?.focus()
      }
      view.draw(lane, width)
    }
  }

  count(flow: Flow): void {
    this.#lanes.get(flow.worker)?.count(flow)
  }

  /** Where a worker is drawn, in the window. */
  hubOf(worker: number): DOMRect | null {
    return this.#lanes.get(worker)?.hub.getBoundingClientRect() ?? null
  }

  dotOf(worker: number, client: number): DOMRect | null {
    return this.#lanes.get(worker)?.dots.placeOf(client) ?? null
  }

  #viewOf(id: number): LaneView {
    const known = this.#lanes.get(id)
    if (known !== undefined) return known
    const view = new LaneView(id, () => this.#kill(id))
    view.showCount()
    this.#lanes.set(id, view)
    return view
  }
}
