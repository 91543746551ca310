// What the tour says, and the one thing that it asks: whether to go on. It knows no demo.
import { styleText } from 'node:util'
import { cancel, confirm, intro, isCancel, log, outro } from '@clack/prompts'

/** What was pressed: Enter, "Quit", or Ctrl-C. */
export type Choice = 'go on' | 'quit' | 'interrupted'

export class Narrator {
  readonly #asksNothing: boolean

  constructor(asksNothing: boolean) {
    this.#asksNothing = asksNothing
  }

  begin(text: string): void {
    intro(text)
  }

  /** Announces what comes next; resolves when it may begin. `signal` ends the question. */
  async propose(title: string, text: string, signal: AbortSignal): Promise<Choice> {
    log.step(styleText('bold', title))
    log.message(text, { spacing: 0 })
    if (this.#asksNothing) return 'go on'
    const answer = await confirm({ message: 'Enter goes on', active: 'Go on', inactive: 'Quit', signal })
    if (isCancel(answer)) return 'interrupted'
    return answer ? 'go on' : 'quit'
  }

  /** Something is under way. */
  working(text: string): void {
    log.message(text)
  }

  /** Something that was seen to be so. */
  seen(text: string): void {
    log.success(text)
  }

  /** Something to look at, or to know. */
  hint(text: string): void {
    log.info(text)
  }

  failed(text: string): void {
    log.error(text)
  }

  quit(text: string): void {
    cancel(text)
  }

  end(text: string): void {
    outro(text)
  }
}
