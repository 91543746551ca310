// Tells a service manager that this process is alive, as often as it wants to hear it (WatchdogSec=, sd_watchdog_enabled(3)). What
// is told, and how, it does not know.

import { validateFunction, validateObject } from '@x/core/internal'
import { clearInterval, setInterval, throwLater } from '../host'
import { readNumber } from './environment'
import { type NotifyOptions, notify } from './notification'

/** Options of `startWatchdog`. */
export interface WatchdogOptions extends NotifyOptions {
  /** Called each time; if it does not return true, no message is sent, and the manager acts when its time is over. */
  readonly isHealthy?: () => boolean
}

const MOST_USEC = (2 ** 31 - 1) * 1000
const INT32_MAX = 2 ** 31 - 1

/**
 * Notifies the manager that this process is alive, twice within the manager's time limit (`WATCHDOG_USEC`). A process
 * whose event loop hangs sends nothing. It does not keep the process alive. Returns a function that stops it; null if
 * no manager asks for it, or if another process is meant (`WATCHDOG_PID`).
 *
 * @throws `ERR_X_SERVICE_ENVIRONMENT` where the variables are malformed, `ERR_INVALID_ARG_TYPE`, and as
 * `notify`.
 */
export function startWatchdog(options: WatchdogOptions = {}): (() => void) | null {
  validateObject(options, 'options')
  const { isHealthy, ...where } = options
  if (isHealthy !== undefined) validateFunction(isHealthy, 'options.isHealthy')
  const env = options.env ?? process.env
  const usec = readNumber(env, 'WATCHDOG_USEC', 1, MOST_USEC)
  const pid = readNumber(env, 'WATCHDOG_PID', 1, INT32_MAX)
  if (usec === null || (pid !== null && pid !== process.pid)) return null
  const tell = () => {
    if (isFine(isHealthy)) void notify({ watchdog: true }, where).catch(() => {})
  }
  tell()
  const timer = setInterval(tell, Math.max(1, Math.floor(usec / 2000)))
  timer.unref()
  return () => clearInterval(timer)
}

/** What it throws is its own affair. */
function isFine(isHealthy: WatchdogOptions['isHealthy']): boolean {
  try {
    return isHealthy === undefined || isHealthy() === true
  } catch (error) {
    throwLater(error)
    return false
  }
}
