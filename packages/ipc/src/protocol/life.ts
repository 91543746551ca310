// How far a channel has come, as its two sides see it. Types only.

/**
 * `opening`: the peer has not said hello. `leaving`: one of the sides closes it; our goodbye comes once nothing is under way.
 * `left`: we have said it. `failing`: it ends with this turn. One value; `ended` says how.
 */
export type Life =
  | { readonly name: 'opening' | 'open' | 'leaving' | 'left' | 'failing' }
  | { readonly name: 'ended'; readonly error: Error | null }

/** `closing`: it asks for nothing more. `left`: it has said goodbye. */
export type PeerState = 'here' | 'closing' | 'left'
