// What a worker says of itself, also where the system does not tell it.
import { afterEach, expect, it, vi } from 'vitest'
import { watchVitalSigns } from '../src/worker/vital-signs'

afterEach(() => {
  vi.restoreAllMocks()
})

it('[C5] a worker without a descriptor to read its memory by says what it was last', () => {
  const signs = watchVitalSigns()
  const { memory } = signs()
  expect(memory).toBeGreaterThan(0)
  vi.spyOn(process.memoryUsage, 'rss').mockImplementation(() => {
    throw new Error('EMFILE')
  })
  expect(signs().memory).toBe(memory)
})
