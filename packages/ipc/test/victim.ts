// A channel whose peer is a raw socket, for tests of peers that do what they should not. It holds no tests.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { type Channel, type ChannelOptions, createChannel } from '../src/index'
import { socketPair } from './wires'

/** A channel, and a raw socket that plays its peer. */
export async function victim(
  options: ChannelOptions = {},
  isListening = true,
): Promise<{ target: Channel; peer: Socket }> {
  const [stream, peer] = await socketPair()
  peer.on('error', () => {})
  peer.resume()
  const target = createChannel(stream, options)
  // A message is looked into once somebody takes it.
  if (isListening) target.on('message', () => {})
  onTestFinished(() => {
    target.destroy()
    peer.destroy()
  })
  return { target, peer }
}

export async function endOf(target: Channel): Promise<NodeJS.ErrnoException | null> {
  const [error] = (await once(target, 'close')) as [NodeJS.ErrnoException | null]
  return error
}
