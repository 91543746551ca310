import { library } from '@x/presets/tsup'

export default library({ index: 'src/index.ts', metrics: 'src/metrics.ts', register: 'src/register.ts' })
