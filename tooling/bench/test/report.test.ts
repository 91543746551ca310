// The report's pages and plots, from figures that say nothing.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fill } from '../report/pages.mjs'
import { bench, TINY } from './command-line'

const MAJOR = process.versions.node.split('.')[0]

function makeFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), 'x-bench-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(path.join(folder, 'docs'))
  for (const [page, name] of [
    ['README.md', 'costs'],
    ['docs/benchmarks.md', 'figures'],
  ] as const) {
    const place = `before\n<!-- ${name}: made -->\nold\n<!-- end of ${name} -->\nafter\n`
    writeFileSync(path.join(folder, page), place)
  }
  return folder
}

it('writes tables, plots and samples of one run, and the same again from the samples', () => {
  const out = makeFolder()
  const read = (name: string) => readFileSync(path.join(out, name), 'utf8')
  const nodes = ['--nodes', process.versions.node, '--out', out]
  const { status, stderr } = bench(
    'report',
    'ping',
    'accept-echo-reset',
    'latency',
    'among-10',
    ...nodes,
    ...TINY,
  )
  expect(stderr).toBe('')
  expect(status).toBe(0)

  const page = read('docs/benchmarks.md')
  expect(page).toMatch(
    /^before\n<!-- figures: made -->\n### Node \d+\n[\s\S]*<!-- end of figures -->\nafter\n$/,
  )
  expect(page).toMatch(/\| Accept, echo, the client resets \| [\d.]+ us\/connection \| \d+\.\d\d \(/)
  expect(read('README.md')).toMatch(/\| Accept, echo, the client resets \| [\d.]+ \| 1\.00 \| \d+\.\d\d \(/)

  const samples = JSON.parse(read(`docs/benchmarks/node-${MAJOR}.json`))
  expect(samples.results.at(-1).samples[0]).toMatchObject({ run: 0, cpuUs: expect.any(Number) })

  const plots = [...page.matchAll(/\]\((benchmarks\/\S+\.svg)\)/g)].map(([, file = '']) => file)
  expect(plots).toContain(`benchmarks/costs-node-${MAJOR}.svg`)
  for (const file of plots) {
    const svg = read(path.join('docs', file))
    expect(svg).toMatch(/^<svg [^>]*>\n<style>@media \(prefers-color-scheme: dark\)[\s\S]*<\/svg>\n$/)
    for (const secret of [homedir(), process.cwd(), 'NaN', 'undefined']) expect(svg).not.toContain(secret)
  }

  const before = [page, ...plots.map(file => read(path.join('docs', file)))]
  expect(bench('report', '--redraw', ...nodes).status).toBe(0)
  expect([read('docs/benchmarks.md'), ...plots.map(file => read(path.join('docs', file)))]).toEqual(before)
})

it('keeps the figures of benches that are not measured again', () => {
  const out = makeFolder()
  const where = ['--arms', 'native', '--nodes', process.versions.node, '--out', out, ...TINY]
  expect(bench('report', 'accept-echo-reset', ...where).status).toBe(0)
  expect(bench('report', 'accept-echo-client-ends', ...where).status).toBe(0)
  const page = readFileSync(path.join(out, 'docs/benchmarks.md'), 'utf8')
  expect(page).toContain('| Accept, echo, the client resets |')
  expect(page).toContain('| Accept, echo, the client ends |')

  const other = bench('report', 'accept-echo-reset', ...where, '--connections', '20')
  expect(other.status).toBe(1)
  expect(other.stderr).toMatch(
    /^bench: the figures of Node [\d.]+ were measured in another way: .*"connections":50/,
  )
})

describe('the report refuses', () => {
  it('a page that has no place for it', () => {
    expect(() => fill('a page', 'figures', 'text')).toThrow('the page has no place for "figures"')
  })

  it.each([
    ['report nonsense', 'no bench "nonsense"'],
    ['report --nodes newest', '--nodes takes versions such as 26,20.20.2, not "newest"'],
  ])('%s', (words, message) => {
    const { status, stderr } = bench(...words.split(' '))
    expect(status).toBe(1)
    expect(stderr).toContain(`bench: ${message}`)
  })
})
