import { library } from '@x/presets/tsup'

export default library({
  index: 'src/index.ts',
  conformance: 'src/conformance/index.ts',
  'conformance-child': 'src/conformance/child.ts',
  'explore-child': 'src/exploration/child.ts',
})
