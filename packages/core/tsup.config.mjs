import { library } from '@x/presets/tsup'

const entries = {
  promises: 'src/promises.ts',
  transport: 'src/transport/index.ts',
  internal: 'src/internal.ts',
  interop: 'src/interop/index.ts',
  register: 'src/register/index.ts',
  'register-thread': 'src/register/thread.ts',
  cli: 'src/cli.ts',
}

// The declarations of the index are written by module-faces.
export default library(
  { index: 'src/index.ts', ...entries },
  { dts: { entry: { public: 'src/public.ts', ...entries } } },
)
