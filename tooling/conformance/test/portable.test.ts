// The conformance suite on the portable transport.
import { fileURLToPath } from 'node:url'
import { portable } from '@x/core/transport'
import { transportSuite } from '@x/testkit/conformance'
import { describe, it } from 'vitest'
import { portableSkips } from '../transports/portable-skips'

transportSuite({
  runner: { describe, it },
  newTransport: () => portable,
  skip: portableSkips,
  module: fileURLToPath(new URL('../transports/portable.mjs', import.meta.url)),
})
