// The control socket: lets processes of this user tell the program what to do. What an order means is the program's.
import { createChannel, listen, resolveEndpoint } from '@x/ipc'
import { ownUser } from '../mesh/capabilities'
import type { Server } from '../net'
import type { ControlProcedures, Order, Outcome } from './control-messages'

/** Opens the socket; rejects where it cannot be. */
export async function openControl(
  where: string,
  obey: (order: Order) => Promise<Outcome>,
): Promise<{ readonly path: string; close(): void }> {
  const at = resolveEndpoint(where)
  const open = new Set<{ close(): Promise<void> }>()
  const server: Server = await listen(at, ownUser(), socket => {
    const control = createChannel(socket)
    open.add(control)
    control.on('close', () => open.delete(control))
    const procedures: ControlProcedures = { obey }
    control.serve(procedures)
  })
  return {
    path: at.path,
    close() {
      server.close()
      for (const control of open) void control.close()
    },
  }
}
