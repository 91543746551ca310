import { suite } from '@x/presets/vitest'

// Packing and installing by npm take seconds each, and share one set of tarballs: one file after the other.
export default suite({ fileParallelism: false })
