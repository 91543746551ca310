/// <reference lib="dom" />
// The live page in the browser: puts its parts together. What each shows is its own.
import { count } from '../../count'
import 'uplot/dist/uPlot.min.css'
import './live.css'
import type { Status } from '../../primary/supervisor'
import type { Flow } from '../page-events'
import { Chart } from './chart'
import { Controls } from './controls'
import { byId, setText } from './element'
import { shownMs } from './episode'
import { EventStream } from './event-stream'
import { Feed } from './feed'
import { drawFigures } from './figures-view'
import { LanesView } from './lanes-view'
import { Model } from './model'
import { Motion } from './motion'
import { Pulse } from './pulse'
import { Story } from './story'

const SECOND_MS = 1000
/** Messages that are drawn on their way from one worker to another, of those of a moment. */
const MOST_DRAWN = 4

const token = document.querySelector<HTMLMetaElement>('meta[name=demo-token]')!.content
const model = new Model()
const pulse = new Pulse(token)
const story = new Story(pulse)
const controls = new Controls(model, story, token)
const lanes = new LanesView(model, worker => void controls.ask('kill', { worker }))
const motion = new Motion()
const feed = new Feed()
const rates = new Chart('rates', [
  { label: 'published', color: 'accent', show: value => String(Math.round(value)) },
  { label: 'delivered', color: 'warm', show: value => String(Math.round(value)) },
])
const latency = new Chart('latency', [
  { label: 'median', color: 'accent', show: shownMs },
  { label: '99th percentile', color: 'warm', show: shownMs },
])

/** The last numbers that the charts took. */
let last: { readonly status: Status; readonly atMs: number } | null = null
let isDrawAsked = false

function draw(): void {
  if (isDrawAsked) return
  isDrawAsked = true
  requestAnimationFrame(() => {
    isDrawAsked = false
    lanes.draw()
    controls.draw()
  })
}

function show(status: Status): void {
  const atMs = Date.now()
  if (last !== null) {
    const before = last
    const seconds = (atMs - before.atMs) / SECOND_MS
    // The numbers of a worker that was killed are gone with it: then there is no rate.
    const rate = (name: 'messagesPublished' | 'messagesDelivered') => {
      const difference = status.counts[name] - before.status.counts[name]
      return difference < 0 ? null : difference / seconds
    }
    rates.add(rate('messagesPublished'), rate('messagesDelivered'))
  }
  last = { status, atMs }
  model.status = status
  const { clients, reloads, transport, pid } = status
  const serving = status.workers.filter(({ state }) => state === 'ready').length
  setText(
    byId('summary'),
    `Process ${pid}, ${transport} transport: ${count(serving, 'worker')}, ${count(clients, 'client')}, ${count(reloads, 'reload')}`,
  )
  draw()
}

function drawFlow(flow: Flow): void {
  lanes.count(flow)
  const to = () => lanes.hubOf(flow.worker)
  for (const [worker, messages] of flow.received) {
    const from = () => lanes.hubOf(worker)
    for (let index = 0; index < Math.min(messages, MOST_DRAWN); index++) motion.message(from, to, index * 70)
  }
}

model.onChange = draw
model.onMove = ({ id, from, to }) => {
  const hub = lanes.hubOf(from)
  const dot = lanes.dotOf(from, id) ?? hub
  if (dot === null || hub === null) return
  // The dot is not there any more when the next picture is drawn; its lane may be elsewhere.
  const [x, y] = [dot.x - hub.x, dot.y - hub.y]
  const before = () => {
    const now = lanes.hubOf(from)
    return now && new DOMRect(now.x + x, now.y + y, dot.width, dot.height)
  }
  motion.client(before, () => lanes.dotOf(to, id))
}
story.onOver = () => drawFigures(pulse)
pulse.onLatency = ms => story.took(ms)
pulse.onProgress = () => story.progressed()

const events = new EventStream()
events.on('hello', ({ run }) => {
  // The program was started anew: the page is of its predecessor.
  if (run !== token) location.reload()
})
events.on('workers', workers => model.set(workers))
events.on('clients', clients => model.setClients(clients))
events.on('status', show)
events.on('flow', drawFlow)
events.on('samples', samples => feed.add(samples))
events.on('began', began => {
  story.began(began)
  controls.began(began.id, began.name)
})
events.on('ended', ended => {
  story.ended(ended)
  controls.ended(ended.id)
})
events.on('line', line => story.tell(line))
events.on('faults', faults => {
  model.faults = faults
  draw()
})
events.on('load', load => {
  model.load = load
  draw()
})
events.onLost(() => setText(byId('summary'), 'The broker does not answer; trying again ...'))

setInterval(() => {
  drawFigures(pulse)
  story.draw()
  model.tidy()
  const percentiles = pulse.percentiles()
  latency.add(percentiles?.p50 ?? null, percentiles?.p99 ?? null)
}, SECOND_MS)
pulse.open()
