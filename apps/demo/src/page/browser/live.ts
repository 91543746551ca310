/// <reference lib="dom" />
// The live page in the browser: hears what happens as server-sent events, shows it, and asks for what its buttons say.
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import './live.css'
import type { Sample } from '../../primary/hub-messages'
import type { Status } from '../../primary/supervisor'

/** Seconds that the charts show. */
const SHOWN = 300
/** Messages that the list shows. */
const FEED = 100

const byId = (id: string): HTMLElement => document.getElementById(id)!

class Chart {
  readonly #plot: uPlot
  readonly #data: number[][]

  constructor(place: HTMLElement, names: readonly string[]) {
    const colors = ['#2563eb', '#d97706']
    const series = names.map((label, index) => ({ label, stroke: colors[index]!, width: 2 }))
    this.#data = [[], ...names.map(() => [])]
    this.#plot = new uPlot(
      {
        width: place.clientWidth - 24,
        height: 200,
        series: [{}, ...series],
        axes: [{}, { size: 70 }],
        scales: { y: { range: (_plot, _least, most) => [0, Math.max(1, most * 1.1)] } },
      },
      this.#data as uPlot.AlignedData,
      place,
    )
    window.addEventListener('resize', () =>
      this.#plot.setSize({ width: place.clientWidth - 24, height: 200 }),
    )
  }

  add(seconds: number, ...values: number[]): void {
    for (const [index, value] of [seconds, ...values].entries()) {
      this.#data[index]!.push(value)
      if (this.#data[index]!.length > SHOWN) this.#data[index]!.shift()
    }
    this.#plot.setData(this.#data as uPlot.AlignedData)
  }
}

const messages = new Chart(byId('messages'), ['published', 'delivered'])
const clients = new Chart(byId('clients'), ['clients', 'subscribers'])
let last: { readonly status: Status; readonly atMs: number } | null = null

function show(status: Status): void {
  const atMs = Date.now()
  if (last !== null) {
    const seconds = (atMs - last.atMs) / 1000
    // The numbers of a worker that was killed are gone with it.
    const rate = (name: 'messagesPublished' | 'messagesDelivered') =>
      Math.max(0, (status.counts[name] - last!.status.counts[name]) / seconds)
    messages.add(atMs / 1000, rate('messagesPublished'), rate('messagesDelivered'))
  }
  last = { status, atMs }
  clients.add(atMs / 1000, status.clients, status.subscribers)
  const { counts } = status
  byId('summary').textContent =
    `process ${status.pid} · ${status.transport} transport · ${status.workers.length} worker(s) · ${status.clients} client(s) · ` +
    `${counts.messagesPublished} published · ${counts.messagesDelivered} delivered · ${status.reloads} reload(s) · ` +
    `${counts.clientsMovedIn} client(s) moved`
  byId('workers').replaceChildren(...status.workers.map(row))
}

function row(worker: Status['workers'][number]): HTMLElement {
  const cells = [
    worker.id,
    worker.pid ?? '',
    worker.state,
    worker.clients,
    worker.subscribers,
    `${(worker.memory / 1024 ** 2).toFixed(1)} MB`,
    `${worker.lagMs} ms`,
    `${Math.floor(worker.uptimeMs / 1000)} s`,
  ]
  return element('tr', ...cells.map(cell => element('td', String(cell))))
}

function feed(samples: readonly Sample[]): void {
  const list = byId('feed')
  for (const { channel, text } of samples) list.prepend(element('li', element('b', channel), text))
  while (list.childElementCount > FEED) list.lastElementChild!.remove()
}

function element(name: string, ...content: (string | Node)[]): HTMLElement {
  const made = document.createElement(name)
  made.append(...content)
  return made
}

async function ask(what: string, body: unknown = {}): Promise<void> {
  const notice = byId('notice')
  notice.textContent = `${what} ...`
  try {
    const response = await fetch(`/${what}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    notice.textContent = await response.text()
  } catch {
    notice.textContent = 'the broker does not answer'
  }
}

const events = new EventSource('/events')
events.addEventListener('status', event => show(JSON.parse(event.data)))
events.addEventListener('samples', event => feed(JSON.parse(event.data)))
events.addEventListener('line', event => {
  byId('notice').textContent = JSON.parse(event.data)
})
events.addEventListener('error', () => {
  byId('summary').textContent = 'the broker has gone; trying again ...'
})

const scaleBy = (step: number) => () => {
  if (last !== null) void ask('scale', { workers: Math.max(1, last.status.workers.length + step) })
}
byId('reload').addEventListener('click', () => void ask('reload'))
byId('fewer').addEventListener('click', scaleBy(-1))
byId('more').addEventListener('click', scaleBy(1))
byId('publish').addEventListener('submit', event => {
  event.preventDefault()
  void ask('publish', Object.fromEntries(new FormData(event.target as HTMLFormElement)))
})
