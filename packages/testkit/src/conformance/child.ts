// The other process of a test: loads its transports, runs one scenario and tells what happened. Not a module to import.
import type { Transport } from '@x/core/transport'
import type { ChildInput, FromChild, ToChild } from './child-messages'
import { scenarios } from './child-scenarios'

async function load(module: string): Promise<Transport> {
  const loaded = (await import(module)) as { newTransport: () => Transport }
  return loaded.newTransport()
}

async function main(): Promise<void> {
  process.on('disconnect', () => process.exit())
  // Listening to it would keep the process.
  process.channel?.unref()
  const input = JSON.parse(process.argv[2]!) as ChildInput
  const subject = await load(input.module)
  const peer = input.peerModule === input.module ? subject : await load(input.peerModule)
  const tell = (message: FromChild) => {
    process.send?.(message)
  }
  const hear = (listener: (message: ToChild) => void) => {
    process.on('message', listener)
  }
  try {
    await scenarios[input.scenario]({ subject, peer, input, tell, hear })
  } catch (error) {
    tell({ event: 'failed', reason: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
}

void main()
