// `demo load`: runs a load against a running broker, tells how far it is, and what it came to.
import { runWith } from '../command-line'
import { LOAD_HELP, type LoadOptions, parseLoadOptions } from './load-options'
import { describeReport, isClean } from './load-report'
import { LoadRun } from './load-run'

const PROGRESS_MS = 1000

/** Resolves with the exit code. */
export function load(words: readonly string[]): Promise<number> {
  const parse = () => parseLoadOptions(words)
  return runWith({ command: 'demo load', texts: { help: LOAD_HELP }, parse }, runLoad)
}

async function runLoad(options: LoadOptions): Promise<number> {
  const run = new LoadRun(options)
  try {
    await run.open()
  } catch (error) {
    console.error(`demo: ${whyNot(error as NodeJS.ErrnoException, options)}`)
    await run.close()
    return 1
  }
  const interrupt = new AbortController()
  const onInterrupt = () => interrupt.abort()
  process.on('SIGINT', onInterrupt)
  const stopTelling = tellProgress(run)
  await run.run(interrupt.signal)
  stopTelling()
  process.off('SIGINT', onInterrupt)
  const report = run.report()
  await run.close()
  console.log(options.isJson ? JSON.stringify(report, null, 2) : describeReport(report))
  return isClean(report) ? 0 : 1
}

/** One line a second on standard error, in place of the last one where that is a terminal. */
function tellProgress(run: LoadRun): () => void {
  const isTerminal = process.stderr.isTTY === true
  let seconds = 0
  let before = run.progress()
  const tell = () => {
    const now = run.progress()
    const line = `${++seconds} s: ${now.published - before.published} published/s, ${now.delivered - before.delivered} delivered/s, p99 ${now.p99Ms} ms`
    process.stderr.write(isTerminal ? `\r${line}\u001b[K` : `${line}\n`)
    before = now
  }
  const timer = setInterval(tell, PROGRESS_MS)
  return () => {
    clearInterval(timer)
    if (isTerminal) process.stderr.write('\r\u001b[K')
  }
}

function whyNot(error: NodeJS.ErrnoException, { to }: LoadOptions): string {
  const where = 'path' in to ? to.path : `${to.host} port ${to.port}`
  switch (error.code) {
    case 'ECONNREFUSED':
    case 'ENOENT':
      return `nobody listens on ${where}. Start a demo with npm start, or say where one is with --port or --path`
    case 'EMFILE':
      return 'this process may not open so many connections. Raise the limit (ulimit -n), or take fewer --subscribers'
    default:
      return `cannot run a load on ${where}: ${error.message}`
  }
}
