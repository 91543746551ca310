// The shape of one conformance test. It runs nothing.
import type { Bed } from './bed'
import type { Need } from './needs'
import type { Variant } from './variant'

/** One law, or a part of one, as a test that any transport can be put to. */
export interface ConformanceTest {
  /** A sentence; the name by which a skip declares it. */
  readonly name: string
  readonly run: (bed: Bed) => Promise<void>
  /** What the test needs; it is skipped if one of these is missing. */
  readonly needs?: readonly Need[]
  /** Default: all. */
  readonly variants?: readonly Variant[]
  /** It makes no difference which side connects, so one role suffices. */
  readonly once?: boolean
  /** It looks at what only the system has (files, descriptors, other processes). */
  readonly system?: boolean
  /** It runs the transport in a process of its own. */
  readonly process?: boolean
}
