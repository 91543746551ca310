// What a session tells whoever owns it. A type only.
import type { Frame } from '../wire/decoder'
import type { ChannelEnd, Message } from './message'

/** Who hears of a session. What it throws ends the channel, unless it calls its own listeners apart. */
export interface SessionListener {
  onOpen(): void
  /** A message without descriptors, in its frame. False: there is no room for it. */
  onFrame(frame: Frame): boolean
  /** Room for a message with descriptors: what the account was charged with (0: nothing), or null where there is none. */
  reserve(frame: Frame): number | null
  /** A message with descriptors, for which there is room. `settle`: with null once somebody has them, or why nobody does. */
  onHandles(
    received: { readonly message: Message; readonly settle: (refusal: string | null) => void },
    cost: number,
  ): void
  /** One of the sides closes it: nothing can be sent any more. */
  onClosing(): void
  onShortage(error: Error): void
  onEnd(end: ChannelEnd, error: Error | null): void
}
