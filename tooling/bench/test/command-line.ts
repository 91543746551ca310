// Runs the bench's command in a process of its own. It knows no bench.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Outcome } from '../run.mjs'

const MAIN = fileURLToPath(new URL('../main.mjs', import.meta.url))

/** So little work that the figures say nothing, and the ways through the code are the same. */
export const TINY = Object.entries({
  runs: 1,
  requests: 200,
  clients: 5,
  connections: 50,
  gigabytes: 0.01,
  idle: 50,
  rate: 2000,
  seconds: 0.05,
}).flatMap(([name, value]) => [`--${name}`, String(value)])

/** Runs it to its end. */
export function bench(...words: string[]) {
  return spawnSync(process.execPath, [MAIN, ...words], { encoding: 'utf8' })
}

/** Starts it, and leaves it running. */
export function startBench(...words: string[]) {
  return spawn(process.execPath, [MAIN, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Runs it with so little work, and answers what it wrote as JSON. */
export function tinyOutcome(...words: string[]): Outcome {
  const folder = mkdtempSync(path.join(tmpdir(), 'x-bench-test-'))
  try {
    const json = path.join(folder, 'figures.json')
    const { status, stderr } = bench(...words, ...TINY, '--json', json)
    if (status !== 0) throw new Error(`bench ${words.join(' ')} ended with ${status}: ${stderr}`)
    return JSON.parse(readFileSync(json, 'utf8'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
