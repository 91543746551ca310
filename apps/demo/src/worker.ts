// A worker of the program: started by the cluster, with the program's own command line. What it runs is `Station`.
import cluster from '@x/cluster'
import { type Options, parseOptions } from './options'
import { HUB_VARIABLE } from './primary/hub-messages'
import { EndpointError } from './worker/endpoints'
import { HubLink } from './worker/hub-link'
import { Station } from './worker/station'

// A terminal sends its signals to all processes of the program; the program decides what they mean.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

await main()

async function main(): Promise<void> {
  const path = process.env[HUB_VARIABLE]
  const { worker } = cluster
  if (worker === undefined || path === undefined) {
    console.error('This is a worker of the demo, which starts it by itself. Start the demo: npm start')
    process.exitCode = 1
    return
  }
  const hub = await HubLink.connect(path)
  const station = new Station(worker.id, parseOptions(process.argv.slice(2)) as Options, hub)
  worker.onDrain(deadlineMs => station.leave(deadlineMs))
  try {
    await station.start()
  } catch (error) {
    if (!(error instanceof EndpointError)) throw error
    await hub.ask('failed', error.message)
    process.exit(1)
  }
  worker.ready()
}
