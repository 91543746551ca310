// The names of a connection's two ends, once they were asked for: other hosts than Node forget them when
// they close the socket, which they do by themselves after both ends. It knows no stream.
import type { Socket } from 'node:net'
import { UV_ENOTCONN } from '../../errors/errno'
import type { Address, HandleKind, Status } from '../contract'
import { type PathEnds, pathEnds, tcpEnds, unnamed } from './ends'

export class Names {
  readonly #kind: HandleKind
  #paths: PathEnds
  #own: Address | null = null
  #peer: Address | null = null

  constructor(kind: HandleKind, paths: PathEnds = unnamed) {
    this.#kind = kind
    this.#paths = paths
  }

  /** The path that it connects to. */
  set peerPath(peer: string) {
    this.#paths = { own: '', peer }
  }

  own(socket: Socket): Address | Status {
    this.learn(socket)
    return this.#own ?? UV_ENOTCONN
  }

  peer(socket: Socket): Address | Status {
    this.learn(socket)
    return this.#peer ?? UV_ENOTCONN
  }

  learn(socket: Socket): void {
    if (this.#peer !== null) return
    const { own, peer } = this.#kind === 'pipe' ? pathEnds(this.#paths) : tcpEnds(socket)
    // Of a peer that has gone node:net knows none.
    this.#own = own ?? this.#own
    this.#peer = peer
  }
}
