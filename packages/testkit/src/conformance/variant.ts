// The sorts of address that conformance tests run over, and the role of the transport under test. It knows no test.
import type { HandleKind } from '@x/core/transport'

/** A sort of address: TCP over either version of IP, a socket file, a name without a file (Linux). */
export type Variant = 'tcp4' | 'tcp6' | 'path' | 'abstract'

/** What the transport under test does in a pair: it connects to its peer, or accepts the peer's connection. */
export type Role = 'connects' | 'accepts'

export const variants: readonly Variant[] = ['tcp4', 'tcp6', 'path', 'abstract']

export function kindOf(variant: Variant): HandleKind {
  return variant === 'tcp4' || variant === 'tcp6' ? 'tcp' : 'pipe'
}
