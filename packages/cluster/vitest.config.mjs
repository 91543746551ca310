import { suite } from '@x/presets/vitest'

/** What starts processes runs once on each transport. */
const processes = 'test/on-transport/**/*.test.ts'
const on = transport => ({
  extends: true,
  test: { name: transport, include: [processes], env: { X_NET_TRANSPORT: transport } },
})

export default suite({
  include: [],
  projects: [
    { extends: true, test: { name: 'pure', include: ['test/*.test.ts', 'test/simulation/*.test.ts'] } },
    on('native'),
    on('portable'),
  ],
})
