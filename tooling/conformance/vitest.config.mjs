import { suite } from '@x/presets/vitest'

// Tests that start processes have time on a busy machine: a process that starts takes seconds there.
export default suite({ testTimeout: 60_000 })
