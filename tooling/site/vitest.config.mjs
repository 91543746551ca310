import { suite } from '@x/presets/vitest'

// The programs are processes of their own: two at once.
export default suite({ maxConcurrency: 2 })
