// `demo --tour`: goes through the steps, asks before each whether to go on, and leaves nothing behind, however it ends.
import { EXIT_USAGE, runWith } from '../command-line'
import { Narrator } from './narrator'
import { type Scene, STEPS } from './steps'
import { parseTourOptions, TOUR_HELP, type TourOptions } from './tour-options'

/** What shells tell for a program that Ctrl-C ended. */
const EXIT_INTERRUPTED = 130

/** Resolves with the exit code. */
export function tour(words: readonly string[]): Promise<number> {
  const parse = () => parseTourOptions(words)
  return runWith({ command: 'demo --tour', texts: { help: TOUR_HELP }, parse }, begin)
}

async function begin({ asksNothing }: TourOptions): Promise<number> {
  if (!asksNothing && !(process.stdin.isTTY && process.stdout.isTTY)) {
    console.error(
      'demo: the tour asks you to press Enter, and this is no terminal.\nTo run through it without questions: npm start -- --tour --yes',
    )
    return EXIT_USAGE
  }
  return await guide(new Narrator(asksNothing))
}

async function guide(narrator: Narrator): Promise<number> {
  const interrupt = new AbortController()
  const onSignal = () => interrupt.abort()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  const scene: Scene = { narrator, signal: interrupt.signal, demo: null }
  narrator.begin('A tour of the demo broker: two minutes, and nothing stays behind.')
  try {
    return await goThrough(scene)
  } finally {
    await scene.demo?.stop()
  }
}

async function goThrough(scene: Scene): Promise<number> {
  const { narrator, signal } = scene
  const interrupted = new Promise<'interrupted'>(resolve => {
    signal.addEventListener('abort', () => resolve('interrupted'))
  })
  for (const [index, { title, text, run }] of STEPS.entries()) {
    const choice = await narrator.propose(`${index + 1} of ${STEPS.length}: ${title}`, text, signal)
    if (choice !== 'go on' || signal.aborted) {
      narrator.quit('The tour ends here; the demo is stopped.')
      return choice === 'quit' ? 0 : EXIT_INTERRUPTED
    }
    const done = run(scene).then(
      () => null,
      (error: Error) => error,
    )
    const outcome = await Promise.race([done, interrupted])
    if (outcome === 'interrupted' || signal.aborted) {
      // What the step waits for comes to an end with the demo; a demo that it has only just started has to end as well.
      await scene.demo?.stop()
      await done
      narrator.quit('Interrupted; the demo is stopped.')
      return EXIT_INTERRUPTED
    }
    if (outcome !== null) {
      narrator.failed(`This did not go as it should: ${outcome.message}.`)
      narrator.end('The tour ends here; the demo is stopped.')
      return 1
    }
  }
  narrator.end('That was all, and all went as it should. Start a demo of your own with npm start.')
  return 0
}
