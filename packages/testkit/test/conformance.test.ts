// The conformance suite on testkit's own transports.
import { describe, it } from 'vitest'
import { memoryNetwork } from '../src'
import { transportSuite } from '../src/conformance'

transportSuite({ runner: { describe, it }, newTransport: () => memoryNetwork(), system: false })
