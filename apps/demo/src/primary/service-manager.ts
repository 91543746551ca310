// What the program says to systemd, or whoever started it in its way: that it is ready, reloads, stops, is alive. Without a service
// manager nothing is said. What it serves, it does not know.
import { notify, type ServiceState, startWatchdog, takeListenFds } from '@x/ipc/systemd'
import type { Log } from '../log'
import type { Operations } from './operations'
import { StartError } from './start-error'

/** How many sockets a service manager has opened for this program; its workers find them by themselves. */
export function socketsOfManager(): number {
  try {
    return takeListenFds().length
  } catch (error) {
    throw new StartError(`the service manager's sockets cannot be taken: ${(error as Error).message}`)
  }
}

export class ServiceManager {
  readonly #log: Log
  #stopWatchdog: (() => void) | null = null
  #isStopping = false

  constructor(log: Log) {
    this.#log = log
  }

  /** The program serves. From now on the manager hears when it reloads, and that it is alive while `isHealthy`. */
  ready(status: string, isHealthy: () => boolean, operations: Operations): void {
    this.#say({ ready: true, status, mainPid: process.pid })
    const reloads = new Set<number>()
    operations.on('began', ({ id, name }) => {
      if (name !== 'reload') return
      reloads.add(id)
      this.#say({ reloading: true })
    })
    operations.on('ended', ({ id, text }) => {
      if (reloads.delete(id)) this.#say({ ready: true, status: text.split('\n', 1)[0]! })
    })
    this.#attempt(() => {
      this.#stopWatchdog = startWatchdog({ isHealthy })
    })
  }

  /** It is about to stop; more calls say nothing more. */
  stopping(): void {
    if (this.#isStopping) return
    this.#isStopping = true
    this.#say({ stopping: true })
  }

  /** It has stopped serving, and says nothing more. */
  close(): void {
    this.#stopWatchdog?.()
  }

  #say(state: ServiceState): void {
    this.#attempt(() => notify(state))
  }

  /** A manager that does not hear is told of; the program does not fail for it. */
  #attempt(act: () => Promise<unknown> | void): void {
    const fail = (error: Error) =>
      this.#log.warn('server', `the service manager does not hear: ${error.message}`)
    try {
      act()?.catch(fail)
    } catch (error) {
      fail(error as Error)
    }
  }
}
