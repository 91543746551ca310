// What an exploration and its processes tell each other. Types only.
import type { Omission } from '../simulation/misfortunes'

/** One run that a process is asked for. */
export interface RunRequest {
  readonly seed: number
  readonly omit: readonly Omission[]
}

/** How it went. */
export interface RunOutcome extends RunRequest {
  /** What failed: the cause's name and message; null where nothing did. */
  readonly failure: string | null
  /** The error's whole message. */
  readonly message: string
  readonly misfortunes: readonly string[]
  /** What may be left out of it still. */
  readonly kept: readonly Omission[]
  readonly virtualMs: number
  readonly events: number
}

/** What a process says: that it has loaded the scenario, why it cannot, or how a run went. */
export type Answer = RunOutcome | { readonly isLoaded: true } | { readonly fatal: string }
