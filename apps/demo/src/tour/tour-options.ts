// The command line of the tour: what it takes, and what is wrong with a bad one. It does nothing.
import { parseWords } from '../command-line'

export interface TourOptions {
  /** Whether it runs through without asking. */
  readonly asksNothing: boolean
}

export const TOUR_HELP = `Shows in two minutes what the demo does: starts one of its own, and ends it again.

Usage: demo --tour [--yes]

  --yes      runs through without questions; the exit code is 0 where all went well
  --help
`

/** Options from the words behind the program's name; `help` where that is what is asked for. */
export function parseTourOptions(words: readonly string[]): TourOptions | 'help' {
  const { values } = parseWords(words, {
    options: {
      tour: { type: 'boolean', default: false },
      yes: { type: 'boolean', default: false, short: 'y' },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  })
  return values.help ? 'help' : { asksNothing: values.yes }
}
