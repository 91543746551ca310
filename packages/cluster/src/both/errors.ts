// The error codes of this package, each with its class and message. `docs/errors.md` explains them.
import { defineCodes } from '@x/core/internal'

/** Makes the error of a code. */
export const clusterError = defineCodes({
  ERR_X_CLUSTER_POLICY: {
    base: Error,
    message: (policy: string, what: string, consequence: string) =>
      `The policy '${policy}' ${what}; ${consequence}`,
  },
  ERR_X_CLUSTER_PROTOCOL: {
    base: Error,
    message: (worker: number, what: string) => `Worker ${worker} sent ${what}; it is killed`,
    fields: (worker: number) => ({ worker }),
  },
  ERR_X_CLUSTER_STOPPED: { base: Error, message: () => 'The cluster is stopped' },
  ERR_X_RELOAD_FAILED: {
    base: Error,
    message: () => 'A new worker did not become ready; the old workers continue',
  },
  ERR_X_WORKER_START: {
    base: Error,
    message: (worker: number, why: string) => `Worker ${worker} ended before it was ready: ${why}`,
    fields: (worker: number) => ({ worker }),
  },
})

/** The same error, with what caused it. */
export function withCause(error: NodeJS.ErrnoException, cause: unknown): NodeJS.ErrnoException {
  if (cause !== undefined && cause !== null) {
    Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true })
  }
  return error
}
