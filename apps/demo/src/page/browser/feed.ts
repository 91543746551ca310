/// <reference lib="dom" />
// The messages, in the order of publishing, newest first. Those of different workers come in batches: each is put in its place.
import { isOwnName } from '../../primary/hub-messages'
import type { PublishedSample } from '../page-events'
import { byId, element } from './element'

const SHOWN = 100

export class Feed {
  readonly #list = byId('feed')
  /** As the list shows them. */
  readonly #samples: PublishedSample[] = []

  add(samples: readonly PublishedSample[]): void {
    for (const sample of samples) {
      const at = this.#samples.findIndex(other => isEarlier(other, sample))
      const index = at === -1 ? this.#samples.length : at
      this.#samples.splice(index, 0, sample)
      this.#list.insertBefore(itemOf(sample), this.#list.children[index] ?? null)
    }
    this.#samples.splice(SHOWN)
    while (this.#list.childElementCount > SHOWN) this.#list.lastElementChild!.remove()
  }
}

function isEarlier(a: PublishedSample, b: PublishedSample): boolean {
  if (a.worker === b.worker) return a.sequence < b.sequence
  return a.atMicros < b.atMicros || (a.atMicros === b.atMicros && a.worker < b.worker)
}

function itemOf({ channel, text, worker }: PublishedSample): HTMLLIElement {
  const isOwn = isOwnName(channel)
  return element(
    'li',
    { className: isOwn ? 'own' : '' },
    element('b', {}, isOwn ? channel.replace(/:.*/, '') : channel),
    element('span', {}, isOwn ? describeOwn(channel, text) : text),
    element('i', {}, `worker ${worker}`),
  )
}

/** The load's messages have the publisher and the number in front, the page's the number. */
function describeOwn(channel: string, text: string): string {
  const [first, second] = text.split(' ')
  return channel.startsWith('load:')
    ? `message ${second} of publisher ${Number(first) + 1}`
    : `message ${first}`
}
