// What a test and the process that it started tell each other. Both sides know this file, and nothing else of one another.
import type { Address } from '@x/core/transport'
import type { Variant } from './variant'

/** What the other process is asked to do. */
export type Scenario = 'holds' | 'throws' | 'serves' | 'connects' | 'adopts' | 'stranger' | 'timeless'

/** How the other process is set up. */
export interface ChildInput {
  readonly scenario: Scenario
  /** Module of the transport that the scenario uses, and of the other side where both are in that process. */
  readonly module: string
  readonly peerModule: string
  readonly variant: Variant
  readonly at: Address
}

export type FromChild =
  | { readonly event: 'held' }
  | { readonly event: 'thrown'; readonly counts: Readonly<Record<string, number>> }
  | { readonly event: 'listening'; readonly at: Address }
  | { readonly event: 'connected' }
  | { readonly event: 'conversed'; readonly strays: number }
  | { readonly event: 'full'; readonly descriptors: number }
  | { readonly event: 'freed' }
  | { readonly event: 'short'; readonly status: number; readonly times: number }
  | { readonly event: 'refused'; readonly connect: number; readonly listen: number }
  | { readonly event: 'failed'; readonly reason: string }

/** `fill`: take all descriptors. `free`: give them back. `die`: SIGKILL yourself. */
export type ToChild = 'fill' | 'free' | 'die'
