// The conformance suite on the portable transport.
import { portable } from '@x/core/transport'
import { transportSuite } from '@x/testkit/conformance'
import { describe, it } from 'vitest'

transportSuite({ runner: { describe, it }, newTransport: () => portable })
