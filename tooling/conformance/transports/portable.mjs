// The portable transport, for the suite's tests that need it in a process of its own.
import { portable } from '@x/core/transport'

export const newTransport = () => portable
