// The shape of one conformance test, and the sorts of address that tests run over. It runs nothing.
import type { HandleKind } from '@x/core/transport'
import type { Bed } from './bed'
import type { Need } from './needs'

/** A sort of address: TCP over either version of IP, a socket file, a name without a file (Linux). */
export type Variant = 'tcp4' | 'tcp6' | 'path' | 'abstract'

/** What the transport under test does in a pair: it connects to its peer, or accepts the peer's connection. */
export type Role = 'connects' | 'accepts'

/** One law, or a part of one, as a test that any transport can be put to. */
export interface ConformanceTest {
  /** A sentence; the name by which a skip declares it. */
  readonly name: string
  readonly run: (bed: Bed) => Promise<void>
  /** Without these the test means nothing; it is skipped where one is missing. */
  readonly needs?: readonly Need[]
  /** All unless told. */
  readonly variants?: readonly Variant[]
  /** It makes no difference who connects, so one role will do. */
  readonly once?: boolean
  /** It looks at what only the system has (files, descriptors, other processes). */
  readonly system?: boolean
  /** It runs the transport in a process of its own. */
  readonly process?: boolean
}

export const variants: readonly Variant[] = ['tcp4', 'tcp6', 'path', 'abstract']

export function kindOf(variant: Variant): HandleKind {
  return variant === 'tcp4' || variant === 'tcp6' ? 'tcp' : 'pipe'
}
