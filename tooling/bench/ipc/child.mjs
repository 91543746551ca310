// The other process of a bench: counts what comes and answers the last, or sends each message back.
import { CARRIERS } from './carriers.mjs'

const [name = '', path = ''] = process.argv.slice(2)
const carrier = await /** @type {any} */ (CARRIERS[name]).there(path)
let left = 0
let isEcho = false
carrier.hear(message => {
  if (message?.count !== undefined) {
    left = message.count
    isEcho = message.isEcho
    carrier.send({ usage: process.cpuUsage() })
  } else if (isEcho) carrier.send(message)
  else if (--left === 0) carrier.send({ usage: process.cpuUsage() })
})
process.on('disconnect', () => process.exit())
