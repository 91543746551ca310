// The misfortunes of a run, numbered in the order in which they befall it, and which of them are left out: a run that
// failed is tried again with fewer. It knows their numbers, and not what they do.

/** What may be left out of a run: a misfortune by its number, all loss, or all jitter. */
export type Omission = number | 'loss' | 'jitter'

/** The misfortunes of one run. */
export class Misfortunes {
  readonly #omitted: ReadonlySet<Omission>
  readonly #note: (text: string) => void
  readonly #told: string[] = []

  constructor(omitted: readonly Omission[], note: (text: string) => void) {
    this.#omitted = new Set(omitted)
    this.#note = note
  }

  /** What has befallen the run so far, what was left out too. */
  get told(): readonly string[] {
    return this.#told
  }

  /** A misfortune is about to come. False: it is left out. */
  befall(what: string): boolean {
    const number = this.#told.push(what) - 1
    const isOmitted = this.#omitted.has(number)
    this.#note(`misfortune ${number}${isOmitted ? ', left out' : ''}: ${what}`)
    return !isOmitted
  }

  /** Links lose, or jitter. */
  allows(kind: 'loss' | 'jitter'): boolean {
    return !this.#omitted.has(kind)
  }
}

/** What the environment says is left out: `X_TESTKIT_OMIT=0,2,loss`. */
export function omissionsFrom(text: string | undefined): Omission[] {
  if (text === undefined || text === '') return []
  return text.split(',').map(part => {
    if (part === 'loss' || part === 'jitter') return part
    if (/^\d+$/.test(part)) return Number(part)
    throw new RangeError(`X_TESTKIT_OMIT has numbers, 'loss' and 'jitter', and not '${part}'`)
  })
}
