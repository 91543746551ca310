// The conformance suite on the native transport, and on its pairs with the portable one, both ways round.
import { fileURLToPath } from 'node:url'
import { loadNative, portable } from '@x/core/transport'
import { transportSuite } from '@x/testkit/conformance'
import { describe, it } from 'vitest'
import { portableSkips } from '../transports/portable-skips'

const runner = { describe, it }
const modulePath = (name: string) => fileURLToPath(new URL(`../transports/${name}.mjs`, import.meta.url))
const loaded = loadNative()

if (loaded.transport === null) {
  const { reason } = loaded
  it('native, and its pairs with portable', context => context.skip(reason))
} else {
  const native = loaded.transport
  const [nativeModule, portableModule] = [modulePath('native'), modulePath('portable')]
  transportSuite({ runner, newTransport: () => native, module: nativeModule })
  transportSuite({
    runner,
    newTransport: () => native,
    peer: () => portable,
    module: nativeModule,
    peerModule: portableModule,
  })
  transportSuite({
    runner,
    newTransport: () => portable,
    peer: () => native,
    skip: portableSkips,
    module: portableModule,
    peerModule: nativeModule,
  })
}
