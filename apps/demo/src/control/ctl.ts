// `demo ctl`: gives an order to a running program, and prints what comes of it.
import { type Channel, connect, createCalls, createChannel, resolveEndpoint } from '@x/ipc'
import { runWith } from '../command-line'
import { type ControlProcedures, controlName } from './control-messages'
import { CTL_HELP, type CtlOptions, parseCtlOptions } from './ctl-options'
import { describeStatus } from './status-text'

/** Resolves with the exit code. */
export function ctl(words: readonly string[]): Promise<number> {
  const parse = () => parseCtlOptions(words)
  return runWith({ command: 'demo ctl', texts: { help: CTL_HELP }, parse }, order)
}

async function order(options: CtlOptions): Promise<number> {
  const to = await open(options)
  if (to === null) return 1
  try {
    const value = await createCalls<ControlProcedures>(to).obey(options.order, { timeoutMs: 0 })
    if ('line' in value) console.log(value.line)
    else console.log(options.isJson ? JSON.stringify(value.status, null, 2) : describeStatus(value.status))
    return 0
  } catch (error) {
    console.error(`demo: ${whyNot(error as NodeJS.ErrnoException & { remote?: { message: string } })}`)
    return 1
  } finally {
    await to.close()
  }
}

/** Null where nobody is there; it has said so then. */
async function open({ control, port }: CtlOptions): Promise<Channel | null> {
  const at = resolveEndpoint(control ?? controlName(port))
  try {
    return createChannel(await connect(at))
  } catch (error) {
    console.error(
      `demo: ${whyNobody(error as NodeJS.ErrnoException, at.path, control === undefined ? port : null)}`,
    )
    return null
  }
}

function whyNobody(error: NodeJS.ErrnoException, path: string, port: number | null): string {
  const which = port === null ? `at ${path}` : `on port ${port} (there is nothing at ${path})`
  switch (error.code) {
    case 'ENOENT':
    case 'ERR_X_UNSAFE_PATH':
      if (error.code === 'ENOENT' || /does not exist/.test(error.message)) {
        return `no demo of this user runs ${which}.\nStart one with npm start, or say which one is meant with --port or --control`
      }
      return error.message
    case 'ECONNREFUSED':
      return `the demo that listened at ${path} has died. Start one with npm start`
    case 'EACCES':
      return `${path} belongs to another user: only the user who started a demo may control it`
    default:
      return `cannot talk to the demo at ${path}: ${error.message}`
  }
}

function whyNot(error: NodeJS.ErrnoException & { readonly remote?: { readonly message: string } }): string {
  if (error.remote) return error.remote.message
  if (error.code === 'ERR_X_NOT_SENT' || error.code === 'ERR_X_OUTCOME_UNKNOWN') {
    return 'the demo closed the connection: it has ended, or belongs to another user'
  }
  return error.message
}
