// An open listener and the servers that hold it: who gets its connections and may pause it, and when it closes. It accepts
// nothing.
import type { AcceptGate } from '../admission/accept-gate'
import type { Admission } from '../admission/admission'
import type { ListenerHandle, Status } from '../transport/contract'

/** A server as its listener sees it. */
export interface ListenerHolder {
  readonly gate: AcceptGate
  readonly admission: Admission | null
}

export class SharedListener<Holder extends ListenerHolder> {
  readonly handle: ListenerHandle
  /** The last to listen owns it: connections go there, and its gate alone pauses. */
  readonly #holders: Holder[] = []

  constructor(handle: ListenerHandle) {
    this.handle = handle
  }

  get owner(): Holder | undefined {
    return this.#holders.at(-1)
  }

  /** A server takes it over from the one before. Below 0 where it has to wait, and the transport cannot do that. */
  add(holder: Holder): Status {
    this.owner?.gate.detach()
    this.#holders.push(holder)
    return this.#attachGate(holder)
  }

  /** A server gives it back to the server before; closes it after the last. */
  remove(holder: Holder): void {
    const { owner } = this
    this.#holders.splice(this.#holders.lastIndexOf(holder), 1)
    if (owner !== holder) return
    holder.gate.detach()
    const next = this.owner
    if (next === undefined) this.handle.close()
    else this.#attachGate(next)
  }

  #attachGate({ gate, admission }: Holder): Status {
    const status = gate.attach(this.handle)
    if (status < 0 || !admission?.waits) return status
    const probed = gate.probe()
    if (probed >= 0) admission.settle()
    return probed
  }
}
