// Starts the process of a worker, with its end of the link where descriptors travel. It knows nothing of what the worker does.
import type { ChildProcess } from 'node:child_process'
import { systemError } from '@x/core/internal'
import type { Status } from '@x/core/transport'
import { LINK_VARIABLE, SIGNALS_VARIABLE, WORKER_VARIABLE } from '../both/environment'
import type { PrimaryOs } from './os'
import { UnstartedProcess } from './unstarted-process'
import { type ClusterSettings, spawnArguments } from './worker-settings'

/** What is known of a worker when its process is started. */
interface ProcessStart {
  readonly id: number
  readonly settings: ClusterSettings
  readonly env: NodeJS.ProcessEnv
  readonly leavesSignals: boolean
}

interface Started {
  readonly child: ChildProcess
  /** Our end of the link, or -1. */
  readonly linkFd: number
}

/**
 * A process with a link, where descriptors travel. What the system refuses is told by the process's 'error', in a later
 * turn; wrong settings throw.
 */
export function startProcess(os: PrimaryOs, start: ProcessStart): Started {
  const { descriptors } = os.transport
  const pair: readonly [number, number] | Status = descriptors?.socketPair() ?? [-1, -1]
  if (typeof pair === 'number') return unstarted(systemError(pair, 'socketpair'))
  const [ours, theirs] = pair
  const { id, settings, leavesSignals } = start
  const env = {
    ...start.env,
    [WORKER_VARIABLE]: String(id),
    ...(leavesSignals && { [SIGNALS_VARIABLE]: '1' }),
  }
  const extra = theirs >= 0 ? { fd: theirs, variable: LINK_VARIABLE } : null
  try {
    const { file, args, options } = spawnArguments(settings, env, extra)
    const child = os.spawn(file, args, options)
    if (child.pid !== undefined) return { child, linkFd: ours }
    descriptors?.close([ours])
    return { child, linkFd: -1 }
  } catch (error) {
    if (ours >= 0) descriptors?.close([ours])
    const { code } = error as NodeJS.ErrnoException
    if (code?.startsWith('ERR_')) throw error // the caller's mistake
    return unstarted(error as Error)
  } finally {
    if (theirs >= 0) descriptors?.close([theirs])
  }
}

function unstarted(error: Error): Started {
  return { child: new UnstartedProcess(error) as unknown as ChildProcess, linkFd: -1 }
}
