// What `demo ctl` and the program say to each other, and where. Shapes and names only.
import type { Status } from '../primary/supervisor'

/** What the program can be told to do. */
export type Order =
  | { readonly order: 'status' }
  | { readonly order: 'reload' }
  | { readonly order: 'scale'; readonly workers: number }
  | { readonly order: 'drain' }
  | { readonly order: 'stop' }

/** A line for people, or the status. */
export type Outcome = { readonly line: string } | { readonly status: Status }

/** What the control socket serves. */
export interface ControlProcedures {
  obey(order: Order): Promise<Outcome>
}

/** The name of the control socket of the program on a TCP port, or on a path alone (null). */
export function controlName(port: number | null): string {
  return port === null ? 'x-demo.ctl' : `x-demo-${port}.ctl`
}
