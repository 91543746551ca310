// A process of an exploration: it runs one seed after the other, as it is asked. It knows the scenario's module.
import { pathToFileURL } from 'node:url'
import { omissionsText } from '../simulation/misfortunes'
import type { SimulationError, SimulationReport } from '../simulation/simulate'
import type { RunOutcome, RunRequest } from './messages'

type Scenario = (seed: number) => Promise<SimulationReport<unknown>>

/** Imports ES modules and CommonJS alike; a build must not turn it into `require`. */
const load = new Function('url', 'return import(url)') as (url: string) => Promise<Record<string, unknown>>

async function scenarioOf(file: string): Promise<Scenario> {
  const module = await load(pathToFileURL(file).href)
  const found = module['default'] ?? module['scenario']
  if (typeof found === 'function') return found as Scenario
  throw new TypeError(`${file} exports no function as default, or as 'scenario'`)
}

async function run(scenario: Scenario, { seed, omit }: RunRequest): Promise<RunOutcome> {
  process.env['X_TESTKIT_SEED'] = String(seed)
  process.env['X_TESTKIT_OMIT'] = omissionsText(omit)
  try {
    const report = await scenario(seed)
    const { misfortunes = [], kept = [], virtualMs = 0, events = 0 } = report ?? {}
    return { seed, omit, failure: null, message: '', misfortunes, kept, virtualMs, events }
  } catch (error) {
    const { cause, message, misfortunes = [], kept = [], virtualMs = 0 } = error as SimulationError
    const failure = String(cause ?? error)
    return { seed, omit, failure, message: message ?? failure, misfortunes, kept, virtualMs, events: 0 }
  }
}

const scenario = scenarioOf(process.argv[2] ?? '')
// A failure to load is the answer to the first run.
scenario.then(
  () => process.send?.({ isLoaded: true }),
  () => {},
)
process.on('message', async (request: RunRequest) => {
  try {
    process.send?.(await run(await scenario, request))
  } catch (error) {
    process.send?.({ fatal: String(error) })
  }
})
