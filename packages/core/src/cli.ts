#!/usr/bin/env node
// `npx @x/core`: says what runs here and why. It starts nothing.
import { reportTransport, type TransportReport } from './transport/report'

const usage = 'npx @x/core [--json]    says which transport runs here, why, and what to do about it'

function lines(report: TransportReport): string[] {
  const title = { native: 'native (the C engine)', portable: 'portable (over node:net)' }[report.transport]
  const rows: [string, string | null][] = [
    ['package', `${report.package} in ${report.folder}`],
    ['runs on', `${report.runtime}, ${report.platform}`],
    ['transport', title ?? report.transport],
    ['not native', report.reason],
    ['binary', report.binary ?? 'none for this system'],
    ['what to do', report.advice],
  ]
  return rows.flatMap(([name, text]) => (text === null ? [] : [`${name.padEnd(11)} ${text}`]))
}

const words = process.argv.slice(2)
if (words.length === 0) console.log(lines(reportTransport()).join('\n'))
else if (words.length === 1 && words[0] === '--json') console.log(JSON.stringify(reportTransport(), null, 2))
else if (words.some(word => word === '--help' || word === '-h')) console.log(usage)
else {
  console.error(`It does not know the words: ${words.join(' ')}\n${usage}`)
  process.exitCode = 2
}
