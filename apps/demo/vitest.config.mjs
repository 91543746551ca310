import { suite } from '@x/presets/vitest'

// Each test starts programs of several processes; on a busy machine that takes its time.
export default suite({ testTimeout: 60_000, hookTimeout: 60_000 })
