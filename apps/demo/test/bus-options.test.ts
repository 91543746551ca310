// What the options of the bus take, and refuse. No bus is needed for it.
import { expect, it } from 'vitest'
import { runDemo } from './demo-process'

it.each([
  '',
  'nats',
  'nats://',
  'redis://a',
  'nats://a/b',
  'nats://a?b',
  'nats://a:0',
  'nats://a:99999',
  'nats://a,b',
])('demo --bus %s is refused with exit code 2', async text => {
  const { code, stderr } = await runDemo(['--bus', text])
  expect(code).toBe(2)
  expect(stderr).toMatch(
    /^demo: --bus takes a URL such as nats:\/\/127\.0\.0\.1:4222; what was given .+\nSee demo --help\n$/,
  )
})

it('demo --bus-group takes what can stand in a subject', async () => {
  expect((await runDemo(['--bus-group', 'a.b'])).code).toBe(2)
})
