/// <reference lib="dom" />
// What happened, newest first: each thing that was done, what came of it and what it cost; and in words what happens now, for
// those who do not see the page as well.
import type { OperationBegan, OperationEnded } from '../../primary/operations'
import { sentence } from '../../sentence'
import { byId, element, setText } from './element'
import { Episode } from './episode'
import type { Pulse } from './pulse'

const SHOWN = 30

interface Entry {
  readonly item: HTMLLIElement
  readonly outcome: HTMLParagraphElement
  readonly cost: HTMLParagraphElement
}

export class Story {
  /** Something has come to its end, and its cost is known. */
  onOver: () => void = () => {}
  readonly #pulse: Pulse
  readonly #list = byId('episodes')
  readonly #notice = byId('notice')
  readonly #episodes = new Map<number, Episode>()
  readonly #entries = new Map<Episode, Entry>()

  constructor(pulse: Pulse) {
    this.#pulse = pulse
  }

  /** Says something that has no cost. */
  say(text: string): void {
    this.#notice.textContent = text
  }

  /** Something happened that nobody asked for; what stands before a colon is its title. */
  tell(text: string): void {
    const [, title, more] = /^([^:]*)(?:: (.*))?$/s.exec(text)!
    const item = element('li', {}, element('h3', {}, sentence(title!)), time(new Date()))
    if (more !== undefined) item.append(element('p', { className: 'outcome' }, sentence(more)))
    this.#put(item)
    this.say(sentence(text))
  }

  began({ id, name, text }: OperationBegan): void {
    const episode = new Episode(name, sentence(text), this.#pulse)
    this.#episodes.set(id, episode)
    const outcome = element('p', { className: 'outcome' }, 'Under way ...')
    const cost = element('p', { className: 'cost' })
    const item = element('li', {}, element('h3', {}, episode.title), time(episode.begunAt), outcome, cost)
    item.dataset['name'] = name
    item.dataset['state'] = episode.state
    this.#entries.set(episode, { item, outcome, cost })
    this.#put(item)
    this.say(`Under way: ${text} ...`)
  }

  ended({ id, text, isDone }: OperationEnded): void {
    const episode = this.#episodes.get(id)
    if (episode === undefined) return
    episode.end(sentence(text), isDone)
    if (episode.name === 'calm' && isDone) {
      for (const other of this.#episodes.values()) if (other.state === 'lasting') other.settle()
    }
    this.say(
      isDone ? `${episode.outcome} What it costs is being measured ...` : `Not done: ${episode.outcome}`,
    )
    this.draw()
  }

  took(ms: number): void {
    for (const episode of this.#episodes.values()) episode.took(ms)
  }

  progressed(): void {
    for (const [id, episode] of this.#episodes) {
      if (!episode.progressed()) continue
      this.#episodes.delete(id)
      if (episode.isDone) this.say(`${episode.outcome} Cost: ${episode.cost}`)
      this.#drawOne(episode)
      this.#entries.delete(episode)
      this.onOver()
    }
  }

  draw(): void {
    for (const episode of this.#episodes.values()) this.#drawOne(episode)
  }

  #drawOne(episode: Episode): void {
    const entry = this.#entries.get(episode)
    if (entry === undefined) return
    entry.item.dataset['state'] = episode.isDone ? episode.state : 'failed'
    if (episode.state === 'running') return
    setText(entry.outcome, episode.isDone ? episode.outcome : `Not done: ${episode.outcome}`)
    if (!episode.isDone) return
    const label = {
      running: '',
      lasting: 'In force. Cost so far: ',
      settling: 'Cost so far: ',
      over: 'Cost: ',
    }[episode.state]
    setText(entry.cost, `${label}${episode.cost}`)
  }

  #put(item: HTMLLIElement): void {
    this.#list.prepend(item)
    while (this.#list.childElementCount > SHOWN) this.#list.lastElementChild!.remove()
  }
}

function time(at: Date): HTMLTimeElement {
  const made = element('time', {}, at.toLocaleTimeString('en-GB'))
  made.dateTime = at.toISOString()
  return made
}
