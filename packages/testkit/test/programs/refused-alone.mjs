// A client that nobody answers, in a process that has nothing else to wait for.
import { connect } from '@x/core'
import { memoryNetwork } from '@x/testkit'

const client = connect({ port: 80, transport: memoryNetwork() })
client.on('error', error => console.log(JSON.stringify({ code: error.code })))
