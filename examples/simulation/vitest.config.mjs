import { suite } from '@x/presets/vitest'

export default suite()
