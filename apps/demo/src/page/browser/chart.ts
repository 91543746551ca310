/// <reference lib="dom" />
// A chart of the last two minutes, with its numbers in words below it. What they mean is told to it.
import uPlot from 'uplot'
import { byId, element, setText } from './element'

const SHOWN_SECONDS = 120
const HEIGHT = 160

export interface Series {
  readonly label: string
  /** The name of a colour of the style sheet. */
  readonly color: string
  readonly show: (value: number) => string
}

export class Chart {
  readonly #place: HTMLElement
  readonly #canvas = element('div', { className: 'plot' })
  readonly #words: readonly HTMLElement[]
  readonly #series: readonly Series[]
  readonly #data: (number | null)[][]
  #plot: uPlot

  constructor(id: string, series: readonly Series[]) {
    this.#place = byId(id)
    this.#series = series
    this.#data = [[], ...series.map(() => [])]
    this.#canvas.setAttribute('aria-hidden', 'true')
    this.#words = series.map(({ label }) => element('span', {}, label))
    const legend = series.map(({ color }, index) => {
      const swatch = element('span', { className: `swatch ${color}` })
      return element('span', {}, swatch, this.#words[index]!)
    })
    this.#place.append(this.#canvas, element('p', { className: 'numbers' }, ...legend))
    this.#plot = this.#make()
    new ResizeObserver(() => this.#plot.setSize({ width: this.#canvas.clientWidth, height: HEIGHT })).observe(
      this.#canvas,
    )
    // A canvas does not follow the style sheet by itself.
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.#plot.destroy()
      this.#plot = this.#make()
      this.#draw()
    })
  }

  /** One value for each series, for this moment; null where there is none. */
  add(...values: readonly (number | null)[]): void {
    const seconds = Date.now() / 1000
    const first = this.#data[0]!
    for (const [index, value] of [seconds, ...values].entries()) this.#data[index]!.push(value)
    while (first[0]! < seconds - SHOWN_SECONDS) for (const column of this.#data) column.shift()
    this.#draw()
    for (const [index, { label, show }] of this.#series.entries()) {
      const value = values[index]
      setText(this.#words[index]!, `${label} ${value == null ? '-' : show(value)}`)
    }
  }

  #draw(): void {
    this.#plot.setData(this.#data as uPlot.AlignedData)
  }

  #make(): uPlot {
    const style = getComputedStyle(document.documentElement)
    const color = (name: string) => style.getPropertyValue(`--${name}`).trim()
    const axis = { stroke: color('muted'), grid: { stroke: color('line'), width: 1 }, ticks: { show: false } }
    return new uPlot(
      {
        width: this.#canvas.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        series: [
          {},
          ...this.#series.map(({ label, color: name }) => ({
            label,
            stroke: color(name),
            width: 2,
            points: { show: false },
          })),
        ],
        axes: [
          {
            ...axis,
            size: 24,
            splits: plot => [SHOWN_SECONDS, 90, 60, 30, 0].map(ago => plot.scales['x']!.max! - ago),
            values: () => ['2 min ago', '', '1 min ago', '', 'now'],
          },
          { ...axis, size: 48 },
        ],
        scales: {
          x: { range: () => [Date.now() / 1000 - SHOWN_SECONDS, Date.now() / 1000] },
          y: { range: (_plot, _least, most) => [0, Math.max(1, (most ?? 0) * 1.1)] },
        },
        padding: [8, 16, 0, 0],
      },
      this.#data as uPlot.AlignedData,
      this.#canvas,
    )
  }
}
