import { describe, expect, it } from 'vitest'
import { hostFunctions } from '../host-functions.mjs'
import { planted } from './planted'

const found = (name: string, text: string) =>
  hostFunctions
    .violations(planted({ [`packages/core/src/${name}.ts`]: text }))
    .map(line => line.split(': ')[1])

describe('host-functions', () => {
  it('passes what is taken from host.ts, members and types of those names, and host.ts itself', () => {
    const text = `
      import { setTimeout } from '../host'
      import type { Timer } from './contract'
      let timer: ReturnType<typeof globalThis.setTimeout> = setTimeout(done, 1)
      class A { setImmediate() { socket.setTimeout(5); clock.clearTimeout(timer) } }
      const clock = { setInterval: 1, at: (): Date => now }`
    expect(found('listen/a', text)).toEqual([])
    expect(found('host', 'export const nextTick = process.nextTick')).toEqual([])
  })

  it('finds what is looked up, however it is written', () => {
    const text =
      'setTimeout(a)\nprocess.nextTick(b)\nglobalThis.queueMicrotask(c)\nreturn new Date()\nrun(setImmediate)\nconst o = { performance }'
    expect(found('listen/a', text)).toEqual([
      'setTimeout is looked up',
      'process.nextTick is looked up',
      'globalThis.queueMicrotask is looked up',
      'Date is looked up',
      'setImmediate is looked up',
      'performance is looked up',
    ])
  })
})
