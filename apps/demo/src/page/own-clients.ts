// The program's own clients of the broker: real connections like any other's, which the page and its load measure with. Each
// has a transport of its own, so that faults can be put on the connections that are chosen.
import { selectTransport } from '@x/core/transport'
import { type FaultyTransport, faulty } from '@x/testkit'
import { LoadClient } from '../load/load-client'
import type { LoadOptions } from '../load/load-options'
import type { Places } from '../primary/hub-messages'
import type { ReplyValue } from '../resp/reply-parser'

/** A client that faults may be put on. */
export interface OwnClient {
  /** Its number, as CLIENT ID tells it. */
  readonly id: number
  readonly client: LoadClient
  readonly transport: FaultyTransport
}

export class OwnClients {
  /** Hears of each client that faults may be put on from now on. */
  onExposed: (client: OwnClient) => void = () => {}
  readonly #to: () => LoadOptions['to']
  readonly #known = new Map<LoadClient, OwnClient>()
  readonly #exposed = new Set<OwnClient>()
  #count = 0

  /** @param to where the broker listens */
  constructor(to: () => LoadOptions['to']) {
    this.#to = to
  }

  /** Those that faults may be put on. */
  get exposed(): readonly OwnClient[] {
    return [...this.#exposed]
  }

  /** Connects a client, and gives it a name. Rejects where the broker does not take it. */
  async open(kind: 'page' | 'load'): Promise<LoadClient> {
    const number = ++this.#count
    const transport = faulty(selectTransport().transport, [], { seed: number })
    const client = await LoadClient.connect(this.#to(), transport)
    try {
      await ask(client, 'CLIENT', 'SETNAME', `${kind}:${number}`)
      const id = Number(await ask(client, 'CLIENT', 'ID'))
      this.#known.set(client, { id, client, transport })
    } catch (error) {
      await client.close()
      throw error
    }
    void client.closed.then(() => {
      this.#exposed.delete(this.#known.get(client)!)
      this.#known.delete(client)
    })
    return client
  }

  /** From now on faults may be put on it; before that it has what it needs to begin. */
  expose(client: LoadClient): void {
    const own = this.#known.get(client)
    if (own === undefined) return
    this.#exposed.add(own)
    this.onExposed(own)
  }

  close(): void {
    for (const client of this.#known.keys()) void client.close()
  }
}

/** The reply to a request, of a client that waits for no other. Rejects where the connection ends first. */
export function ask(client: LoadClient, ...words: readonly string[]): Promise<ReplyValue> {
  return new Promise((resolve, reject) => {
    client.onReply = resolve
    void client.closed.then(() => reject(new Error('the broker closed the connection')))
    client.send(...words)
  })
}

/** Where the program's own clients connect. The path comes first: limits and headers that TCP may need do not apply there. */
export function placeOf({ path, port }: Places, host: string): LoadOptions['to'] {
  if (path !== null) return { path }
  const wildcards: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }
  return { port: port!, host: wildcards[host] ?? host }
}
