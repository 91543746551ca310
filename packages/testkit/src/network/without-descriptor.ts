// What a stream without a descriptor of the system cannot do, and says so by the contract. It knows no stream.
import { errno, type Status } from '@x/core/transport'

/** The base of a virtual stream. */
export abstract class WithoutDescriptor {
  readonly fd = -1

  /** Everything is in one process here, which needs no guard against the reuse of its id. */
  peerPidfd(): number {
    return errno('ENOTSUP')
  }

  /** Nothing is cheaper here than to read and write. */
  sendFile(): number {
    return errno('ENOTSUP')
  }

  /** As `sendFile`. */
  splice(): Status {
    return errno('ENOTSUP')
  }

  /** There is no descriptor to give. */
  release(): number {
    return errno('ENOTSUP')
  }
}
