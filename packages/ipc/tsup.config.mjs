import { library } from '@x/presets/tsup'

export default library({ index: 'src/index.ts', systemd: 'src/systemd.ts' })
