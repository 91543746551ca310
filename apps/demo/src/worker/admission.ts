// Whether one more client may come in, of those that all workers together may have (--max-clients).
import type { Clients } from '../client/clients'
import type { Mesh } from '../mesh/mesh'

/** Clients that another worker may have got since it told how many it has. */
const SLACK = 1000
/** How often a worker tells the others how many clients it has, where that has changed. */
const TELL_MS = 50

export class Admission {
  readonly #most: number
  readonly #clients: Clients
  readonly #mesh: Mesh
  #waiting = 0
  #told = 0
  #timer: NodeJS.Timeout | null = null

  constructor(most: number, clients: Clients, mesh: Mesh) {
    this.#most = most
    this.#clients = clients
    this.#mesh = mesh
  }

  /** At once while there are clearly fewer; near the limit, or beyond it, the others are asked. */
  mayEnter(): boolean | Promise<boolean> {
    this.#tellSoon()
    const ahead = this.#clients.count + this.#waiting
    const { links } = this.#mesh
    if (links.length === 0) return ahead < this.#most
    const known = links.reduce((sum, link) => sum + link.clients, ahead)
    if (known + links.length * SLACK < this.#most) return true
    return this.#ask(ahead)
  }

  async #ask(ahead: number): Promise<boolean> {
    this.#waiting++
    const [, ...others] = await this.#mesh.ask('clientCount', null)
    this.#waiting--
    return others.reduce((sum, count) => sum + count, ahead) < this.#most
  }

  #tellSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      const { count } = this.#clients
      if (count === this.#told) return
      this.#told = count
      this.#mesh.tell({ clients: count })
    }, TELL_MS).unref()
  }
}
