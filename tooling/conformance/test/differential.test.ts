// The differential fuzzer itself: it finds what is planted, and nothing where nothing is.
import net from 'node:net'
import { describe, expect, it } from 'vitest'
import { generate } from '../differential/generate.mjs'
import { bodyOf, textOf } from '../differential/program.mjs'
import { reportOf } from '../differential/report.mjs'
import { play } from '../differential/stage.mjs'
import { reference } from '../differential/subjects.mjs'
import { judge, smallest } from '../differential/trial.mjs'

const seeds = Array.from({ length: 60 }, (_, index) => index + 1)

describe('the differential fuzzer', () => {
  it('makes the same program of the same seed', () => {
    for (const seed of seeds) expect(textOf(generate(seed))).toBe(textOf(generate(seed)))
    expect(new Set(seeds.map(seed => textOf(generate(seed)))).size).toBe(seeds.length)
  })

  it('finds no difference between node:net and node:net', async () => {
    for (const seed of seeds) {
      const verdict = await judge(generate(seed), reference, 'node')
      expect([seed, verdict.outcome]).not.toContain('different')
    }
  })

  it('finds bytes that arrive in another order', async () => {
    const found = await firstFound(sabotaged(reordered))
    expect(found?.signature).toBe('peer: bytes')
  })

  it('cuts a program that finds a lost write down to that write, and prints it', async () => {
    const nets = sabotaged(lost)
    for (const seed of seeds) {
      const program = generate(seed)
      const verdict = await judge(program, nets, 'sabotaged')
      if (verdict.outcome !== 'different' || !verdict.difference.signature.startsWith('peer: data')) continue
      const small = await smallest(program, verdict.difference, nets, 'sabotaged')
      const steps = small.program.batches.flatMap(batch => batch.steps)
      expect(steps.length).toBeLessThanOrEqual(4)
      const text = reportOf({ seed, subject: 'sabotaged', ...small })
      expect(text).toContain('.write(')
      // What is printed can be played.
      const trace = await play(nets, small.program.setup, bodyOf(small.program))
      expect(trace.actors.size).toBeGreaterThan(0)
      return
    }
    expect.unreachable('no program lost its bytes')
  })
})

type Write = (chunk: string | Buffer, encoding: string, done: (error?: Error | null) => void) => void

/** node:net, with another way for a write to leave. */
function sabotaged(way: (original: Write) => Write) {
  class Socket extends net.Socket {
    override _write = way((...args) => super._write(args[0], args[1] as BufferEncoding, args[2]))
    override _writev = undefined
  }
  const connect = (...args: Parameters<Socket['connect']>) =>
    new Socket(args[0] as unknown as object).connect(...args)
  return { net: { ...net, Socket, connect }, peerNet: net }
}

function reordered(original: Write): Write {
  return (chunk, encoding, done) => original(Buffer.from(chunk.toString()).reverse(), encoding, done)
}

function lost(original: Write): Write {
  return (chunk, encoding, done) => (String(chunk).startsWith('A') ? done() : original(chunk, encoding, done))
}

async function firstFound(nets: Parameters<typeof judge>[1]) {
  for (const seed of seeds) {
    const verdict = await judge(generate(seed), nets, 'sabotaged')
    if (verdict.outcome === 'different') return verdict.difference
  }
  return undefined
}
