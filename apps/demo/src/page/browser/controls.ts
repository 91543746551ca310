/// <reference lib="dom" />
// The buttons: asks the program for what they say, and shows which of them make sense now.
import { count } from '../../count'
import type { OperationName } from '../../primary/operations'
import { sentence } from '../../sentence'
import { byId, element, setText } from './element'
import type { Model } from './model'
import type { Story } from './story'

/** Buttons of things that the program does one after the other. */
const ONE_BY_ONE = ['reload', 'more', 'fewer'] as const

export class Controls {
  readonly #model: Model
  readonly #story: Story
  readonly #token: string
  readonly #target = byId<HTMLSelectElement>('target')
  readonly #running = new Map<number, OperationName>()

  constructor(model: Model, story: Story, token: string) {
    this.#model = model
    this.#story = story
    this.#token = token
    const scaleBy = (step: number) => () =>
      void this.ask('scale', { workers: this.#model.living.length + step })
    onPress('reload', () => void this.ask('reload'))
    onPress('more', scaleBy(1))
    onPress('fewer', scaleBy(-1))
    onPress('load', () => void this.ask('load', { isOn: !this.#model.load.isRunning }))
    for (const name of ['delay', 'drop', 'cut']) {
      onPress(name, () => {
        const { value } = this.#target
        void this.ask('fault', { name, worker: value === '' ? null : Number(value) })
      })
    }
    onPress('calm', () => void this.ask('calm'))
    byId('publish').addEventListener('submit', event => {
      event.preventDefault()
      const form = new FormData(event.target as HTMLFormElement)
      void this.ask('publish', Object.fromEntries(form)).then(line => {
        if (line !== null) byId('published').textContent = sentence(line)
      })
    })
  }

  /** Resolves with what the program answers; null where it refuses, which is told. */
  async ask(what: string, body: unknown = {}): Promise<string | null> {
    try {
      const response = await fetch(`/${what}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-Demo-Token': this.#token },
        body: JSON.stringify(body),
      })
      const text = await response.text()
      if (response.ok) return text
      this.#story.say(`Not done: ${sentence(text)}`)
    } catch {
      this.#story.say('The broker does not answer.')
    }
    return null
  }

  began(id: number, name: OperationName): void {
    this.#running.set(id, name)
    this.draw()
  }

  ended(id: number): void {
    this.#running.delete(id)
    this.draw()
  }

  draw(): void {
    const { living, load, faults } = this.#model
    const running = [...this.#running.values()]
    const isChanging = running.includes('reload') || running.includes('scale')
    for (const id of ONE_BY_ONE) enable(id, !isChanging && (id !== 'fewer' || living.length > 1))
    enable('load', !running.includes('load'))
    enable('calm', faults.length > 0)
    setText(byId('load'), load.isRunning ? 'Stop load' : 'Start load')
    const broken = load.broken > 0 ? `, ${count(load.broken, 'connection')} broken` : ''
    setText(
      byId('load-state'),
      load.isRunning
        ? `${count(load.published, 'message')} published, ${count(load.delivered, 'delivery', 'deliveries')}${broken}.`
        : 'No load is running.',
    )
    const inForce = faults.map(
      ({ name, worker }) => `${name} (${worker === null ? 'all' : `clients that were on worker ${worker}`})`,
    )
    setText(
      byId('faults'),
      inForce.length === 0 ? 'No fault is in force.' : `In force: ${inForce.join(', ')}.`,
    )
    this.#drawTargets(living.filter(({ state }) => state === 'ready').map(({ id }) => id))
  }

  #drawTargets(workers: readonly number[]): void {
    const values = ['', ...workers.map(String)]
    const { value } = this.#target
    if ([...this.#target.options].map(option => option.value).join() === values.join()) return
    this.#target.replaceChildren(
      ...values.map(worker => {
        const option = element('option', {}, worker === '' ? 'all of them' : `those on worker ${worker}`)
        option.value = worker
        return option
      }),
    )
    this.#target.value = values.includes(value) ? value : ''
  }
}

/** A button that makes no sense now stays where the keyboard is: it is `aria-disabled`. */
function enable(id: string, isEnabled: boolean): void {
  byId(id).setAttribute('aria-disabled', String(!isEnabled))
}

function onPress(id: string, press: () => void): void {
  byId(id).addEventListener('click', () => {
    if (byId(id).getAttribute('aria-disabled') !== 'true') press()
  })
}
