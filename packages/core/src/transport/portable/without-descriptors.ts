// What no stream over node:net can do, since nothing tells its descriptor. It holds no state.
import { UV_ENOTSUP } from '../../errors/errno'
import type { PeerCredentials, Status } from '../contract'

export abstract class WithoutDescriptors {
  sendFile(): number {
    return UV_ENOTSUP
  }

  splice(): Status {
    return UV_ENOTSUP
  }

  release(): number {
    return UV_ENOTSUP
  }

  peerCredentials(): PeerCredentials | Status {
    return UV_ENOTSUP
  }

  peerPidfd(): number {
    return UV_ENOTSUP
  }
}
