// Pairs of channels that are gone when their test is over.
import { onTestFinished } from 'vitest'
import { type Channel, type ChannelOptions, createChannel, type Message } from '../src/index'
import { socketPair } from './wires'

export async function channelPair(
  options: ChannelOptions = {},
  others = options,
): Promise<[Channel, Channel]> {
  const [a, b] = await socketPair()
  return ending(createChannel(a, options), createChannel(b, others))
}

/** Channels that a test has made itself. */
export function ending<Channels extends Channel[]>(...channels: Channels): Channels {
  onTestFinished(() => {
    for (const each of channels) each.destroy()
  })
  return channels
}

export async function nextMessage(of: Channel): Promise<Message> {
  const { value } = await of[Symbol.asyncIterator]().next()
  return value as Message
}

export function deferred<Value>() {
  let resolve!: (value: Value) => void
  const promise = new Promise<Value>(yes => {
    resolve = yes
  })
  return { promise, resolve }
}
