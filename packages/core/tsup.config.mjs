import { library } from '@x/presets/tsup'

export default library({
  index: 'src/index.ts',
  promises: 'src/promises.ts',
  transport: 'src/transport/index.ts',
  interop: 'src/interop/index.ts',
  register: 'src/register/index.ts',
  'register-thread': 'src/register/thread.ts',
})
