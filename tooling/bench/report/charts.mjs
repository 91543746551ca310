// The plots of a run, drawn by Apache ECharts as SVG: legible on light and on dark. It knows figures, no files.
import * as echarts from 'echarts'

/** How an arm looks in every plot; colours that show on white and on black. @type {Readonly<Record<string, { color: string, symbol: string }>>} */
const LOOKS = {
  net: { color: '#7d8590', symbol: 'emptyRect' },
  native: { color: '#d9480f', symbol: 'circle' },
  portable: { color: '#b08800', symbol: 'triangle' },
  bun: { color: '#b255d6', symbol: 'diamond' },
  deno: { color: '#1a9e7e', symbol: 'rect' },
  c: { color: '#3178f0', symbol: 'emptyCircle' },
}
const WIDTH = 860
const FONT = 'system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif'

// What is light here is dark for those who prefer that: the style below exchanges the one for the other.
const INK = '#1f2328'
const FAINT = '#d0d7de'
const PAPER = '#ffffff'
const STYLE = `<style>@media (prefers-color-scheme: dark) {
[fill="${INK}"] { fill: #e6edf3 } [stroke="${INK}"] { stroke: #e6edf3 }
[fill="${FAINT}"] { fill: #3d444d } [stroke="${FAINT}"] { stroke: #3d444d }
[fill="${PAPER}"], [fill="#fff"] { fill: #0d1117 } [stroke="${PAPER}"] { stroke: #0d1117 }
}</style>`

/** @typedef {{ name: string, title: string }} Named */
/** @typedef {import('../run.mjs').Result} Result */

/**
 * Each bench a line, each arm a mark at its ratio to node:net, with the range of the runs.
 *
 * @param {string} title
 * @param {readonly { title: string, ratios: Readonly<Record<string, import('../statistics.mjs').Spread>> }[]} lines
 * @param {readonly Named[]} arms without the one that all are held against
 */
export function drawRatios(title, lines, arms) {
  const height = 150 + lines.length * 44
  const offset = (/** @type {number} */ at) => (at - (arms.length - 1) / 2) * 7
  const series = arms.flatMap(({ name, title: label }, at) => {
    const points = lines.flatMap(({ ratios }, line) => {
      const own = ratios[name]
      return own === undefined ? [] : [{ line, ...own }]
    })
    return marked({ name, label, points, offset: offset(at) })
  })
  return draw(height, {
    ...heading(
      title,
      'CPU of the server for each unit of work (memory where it says so); node:net = 1; left is better',
    ),
    legend: { ...legend(arms), itemWidth: 12 },
    grid: { left: 290, right: 30, top: 96, bottom: 40, outerBoundsMode: 'none' },
    yAxis: {
      ...axis('category'),
      data: lines.map(line => line.title.replaceAll('`', '')),
      inverse: true,
      axisLabel: { ...label(), width: 235, overflow: 'break', lineHeight: 14 },
    },
    xAxis: {
      ...axis('log'),
      ...rangeOf(lines),
      logBase: 2,
      axisLabel: { ...label(), formatter: ratioLabel },
    },
    series: [...series, reference()],
  })
}

/** Powers of two around all that is drawn. @param {readonly { ratios: Readonly<Record<string, import('../statistics.mjs').Spread>> }[]} lines */
function rangeOf(lines) {
  const all = lines.flatMap(({ ratios }) => Object.values(ratios))
  const least = Math.min(0.5, ...all.map(spread => spread.least))
  const most = Math.max(2, ...all.map(spread => spread.most))
  return { min: 2 ** Math.floor(Math.log2(least)), max: 2 ** Math.ceil(Math.log2(most)) }
}

/**
 * Marks, and a line through each from the least to the most.
 *
 * @param {{ name: string, label: string, offset: number, points: readonly { line: number, median: number, least: number, most: number }[] }} what
 */
function marked({ name, label: title, points, offset }) {
  const { color, symbol } = lookOf(name)
  return [
    {
      type: 'custom',
      data: points.map(({ line, least, most }) => [least, most, line]),
      encode: { x: [0, 1], y: 2 },
      clip: true,
      renderItem: (/** @type {any} */ _params, /** @type {any} */ api) => {
        const [x1, y] = api.coord([api.value(0), api.value(2)])
        const [x2] = api.coord([api.value(1), api.value(2)])
        return {
          type: 'line',
          shape: { x1, y1: y + offset, x2, y2: y + offset },
          style: { stroke: color, lineWidth: 2, opacity: 0.55 },
        }
      },
    },
    {
      type: 'scatter',
      name: title,
      symbol,
      symbolSize: 9,
      symbolOffset: [0, offset],
      itemStyle: { color, opacity: 1 },
      data: points.map(({ line, median }) => [median, line]),
    },
  ]
}

/** The line at node:net. */
function reference() {
  return {
    type: 'scatter',
    data: [],
    markLine: {
      symbol: 'none',
      silent: true,
      lineStyle: { color: INK, type: 'solid', width: 1 },
      label: { show: false },
      data: [{ xAxis: 1 }],
    },
  }
}

/**
 * Latency by percentile, a line for each arm.
 *
 * @param {string} title
 * @param {string} subtitle
 * @param {readonly { arm: Named, latencyUs: NonNullable<import('../summary.mjs').Row['latencyUs']> }[]} rows
 */
export function drawLatency(title, subtitle, rows) {
  const percentiles = /** @type {const} */ (['p50', 'p99', 'p999', 'max'])
  return draw(420, {
    ...heading(title, subtitle),
    legend: legend(rows.map(({ arm }) => arm)),
    grid: { left: 70, right: 30, top: 100, bottom: 40, outerBoundsMode: 'none' },
    xAxis: { ...axis('category'), data: ['median', '99 %', '99.9 %', 'longest'], axisLabel: label() },
    yAxis: { ...axis('log'), axisLabel: { ...label(), formatter: timeLabel } },
    series: rows.map(({ arm, latencyUs }) =>
      line(
        arm,
        percentiles.map(key => latencyUs[key].median),
      ),
    ),
  })
}

/**
 * Cost of a request by the number of connections that are open.
 *
 * @param {string} title
 * @param {string} subtitle
 * @param {readonly Named[]} arms
 * @param {readonly Result[]} results
 */
export function drawAmong(title, subtitle, arms, results) {
  const shown = arms.filter(({ name }) => results.some(({ rows }) => rows.some(row => row.arm === name)))
  return draw(400, {
    ...heading(title, subtitle),
    legend: legend(shown),
    grid: { left: 70, right: 30, top: 100, bottom: 40, outerBoundsMode: 'none' },
    xAxis: {
      ...axis('category'),
      data: results.map(({ connections = 0 }) => connections.toLocaleString('en')),
      axisLabel: label(),
    },
    yAxis: { ...axis('value'), min: 0, axisLabel: { ...label(), formatter: '{value} us' } },
    series: shown.map(arm =>
      line(
        arm,
        results.map(({ rows }) => rows.find(row => row.arm === arm.name)?.cpuUs?.median ?? null),
      ),
    ),
  })
}

/** @param {Named} arm @param {readonly (number | null)[]} data */
function line({ name, title }, data) {
  const { color, symbol } = lookOf(name)
  return {
    type: 'line',
    name: title,
    data,
    symbol,
    symbolSize: 9,
    itemStyle: { color },
    lineStyle: { color, width: name === 'native' ? 3 : 1.5 },
  }
}

/** @param {number} height @param {object} option */
function draw(height, option) {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height })
  chart.setOption({
    animation: false,
    silent: true,
    backgroundColor: PAPER,
    textStyle: { fontFamily: FONT, color: INK },
    ...option,
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return `${svg.replace(/(<svg [^>]*>)/, `$1\n${STYLE}`)}\n`
}

/** @param {string} text @param {string} subtext */
function heading(text, subtext) {
  const textStyle = { color: INK, fontFamily: FONT, fontSize: 17, fontWeight: 600 }
  const subtextStyle = { color: INK, fontFamily: FONT, fontSize: 12 }
  return { title: { text, subtext, left: 16, top: 10, itemGap: 6, textStyle, subtextStyle } }
}

/** @param {readonly Named[]} arms */
function legend(arms) {
  return {
    left: 12,
    top: 62,
    itemGap: 18,
    itemWidth: 22,
    itemHeight: 10,
    textStyle: { color: INK, fontFamily: FONT, fontSize: 12 },
    data: arms.map(({ title }) => title),
  }
}

/** @param {'category' | 'log' | 'value'} type */
function axis(type) {
  return {
    type,
    axisLine: { lineStyle: { color: FAINT } },
    axisTick: { show: false },
    splitLine: { show: true, lineStyle: { color: FAINT, width: 0.6 } },
  }
}

function label() {
  return { color: INK, fontFamily: FONT, fontSize: 12 }
}

/** @param {number} value */
function ratioLabel(value) {
  return String(Number(value.toPrecision(2)))
}

/** @param {number} us */
function timeLabel(us) {
  return us >= 1000 ? `${us / 1000} ms` : `${us} us`
}

/** @param {string} arm */
function lookOf(arm) {
  return LOOKS[arm] ?? { color: INK, symbol: 'circle' }
}
