// What the page's buttons ask for: reads the body of a request, and has it done. It knows no HTTP.
import { count } from '../count'
import { MOST_WORKERS } from '../options'
import type { Supervisor } from '../primary/supervisor'
import { FAULTS, type FaultName, type Faults } from './faults'
import type { PageLoad } from './page-load'

/** What a button asks for makes no sense; the message says why. */
export class BadRequest extends Error {}

export type Body = Readonly<Record<string, unknown>>

/** Resolves with a line for people; rejects where it cannot be done. */
export type Action = (body: Body) => Promise<string>

/** By their paths. */
export function actionsOf(
  supervisor: Supervisor,
  faults: Faults,
  load: PageLoad,
): ReadonlyMap<string, Action> {
  const { operations } = supervisor
  return new Map<string, Action>([
    ['/reload', () => supervisor.reload()],
    ['/scale', ({ workers }) => supervisor.scale(wholeNumber('workers', workers, MOST_WORKERS))],
    ['/kill', ({ worker }) => supervisor.kill(wholeNumber('worker', worker))],
    [
      '/fault',
      body => {
        const name = faultName(body['name'])
        const worker = body['worker'] == null ? null : wholeNumber('worker', body['worker'])
        const whose =
          worker === null ? "the demo's own clients" : `the demo's own clients on worker ${worker}`
        return operations.run(name, `${name} what goes to ${whose}`, () => faults.begin(name, worker))
      },
    ],
    ['/calm', () => operations.run('calm', 'take all faults off', async () => faults.calm())],
    [
      '/load',
      ({ isOn }) => {
        if (typeof isOn !== 'boolean') throw new BadRequest('isOn is true or false')
        if (isOn) return operations.run('load', 'start the load', () => load.start())
        return operations.run('load', 'stop the load', () => load.stop())
      },
    ],
    [
      '/publish',
      async ({ channel, text }) => {
        if (typeof channel !== 'string' || typeof text !== 'string') {
          throw new BadRequest('channel and text are needed')
        }
        return `published to ${count(await supervisor.publish(channel, text), 'subscriber')}`
      },
    ],
  ])
}

function wholeNumber(name: string, value: unknown, most = Number.MAX_SAFE_INTEGER): number {
  if (typeof value === 'number' && value >= 1 && value <= most) return Math.floor(value)
  throw new BadRequest(`${name} is a number from 1 to ${most}`)
}

function faultName(value: unknown): FaultName {
  const name = FAULTS.find(known => known === value)
  if (name !== undefined) return name
  throw new BadRequest(`name is ${FAULTS.join(', ')}`)
}
