// The parts of a run that it could do without, and which of them are left out: a run that failed is tried again with fewer.
// It knows their names and numbers, and not what they do.

/**
 * What may be left out of a run: a misfortune (a partition, crash, kill or restart) by its number, in the order in which
 * they befall; all rules of links by their name (`'loss'`); the software of a host (`'host n3'`); a wait of the main function
 * by `clock.sleep`, which takes a millisecond then, by its number (`'wait 5'`).
 */
export type Omission = number | string

/** The parts of one run. */
export class Misfortunes {
  readonly #omitted: ReadonlySet<Omission>
  readonly #note: (text: string) => void
  readonly #told: string[] = []
  readonly #rules = new Set<string>()
  readonly #hosts: string[] = []
  #waits = 0

  constructor(omitted: readonly Omission[], note: (text: string) => void) {
    this.#omitted = new Set(omitted)
    this.#note = note
  }

  /** What has befallen the run so far, what was left out too. */
  get told(): readonly string[] {
    return this.#told
  }

  /** What may be left out of the run so far, and was not. */
  get kept(): readonly Omission[] {
    const all: Omission[] = [...this.#rules, ...this.#hosts, ...this.#told.keys()]
    for (let number = 0; number < this.#waits; number++) all.push(`wait ${number}`)
    return all.filter(each => !this.#omitted.has(each))
  }

  /** A misfortune is about to come. False: it is left out. */
  befall(what: string): boolean {
    const number = this.#told.push(what) - 1
    return this.#isKept(number, `misfortune ${number}`, what)
  }

  /** A rule of links is put in force. False: it is left out. */
  allows(rule: { readonly name: string }): boolean {
    if (rule.name === '') return true
    this.#rules.add(rule.name)
    return this.#isKept(rule.name, 'rule', rule.name, false)
  }

  /** The software of a host starts. False: it is left out. */
  starts(host: string): boolean {
    const name = `host ${host}`
    if (!this.#hosts.includes(name)) this.#hosts.push(name)
    return this.#isKept(name, 'software', host, false)
  }

  /** The main function waits. Answers for how long. */
  waits(ms: number): number {
    if (ms <= 1) return ms
    const number = this.#waits++
    return this.#omitted.has(`wait ${number}`) ? 1 : ms
  }

  #isKept(part: Omission, kind: string, what: string, isAlwaysNoted = true): boolean {
    const isOmitted = this.#omitted.has(part)
    if (isOmitted || isAlwaysNoted) this.#note(`${kind}${isOmitted ? ', left out' : ''}: ${what}`)
    return !isOmitted
  }
}

/** What the environment says is left out: `X_TESTKIT_OMIT='0,2-4,loss,host n3,wait 0-7'`. */
export function omissionsFrom(text: string | undefined): Omission[] {
  if (text === undefined) return []
  const parts = text.split(',').map(part => part.trim())
  return parts.filter(part => part !== '').flatMap(omissionsOf)
}

/** What `omissionsFrom` reads; neighbouring numbers as one range. */
export function omissionsText(omitted: readonly Omission[]): string {
  const numbers = omitted.filter(each => typeof each === 'number')
  const waits = omitted.map(each => /^wait (\d+)$/.exec(String(each))?.[1]).filter(each => each !== undefined)
  const others = omitted.filter(each => typeof each === 'string' && !/^wait \d+$/.test(each))
  return [...others, ...rangesOf(numbers), ...rangesOf(waits.map(Number)).map(range => `wait ${range}`)].join(
    ',',
  )
}

function omissionsOf(part: string): Omission[] {
  const [, wait = '', first, last = first] = /^(wait )?(\d+)(?:-(\d+))?$/.exec(part) ?? []
  if (first === undefined) return [part]
  const count = Math.max(0, Number(last) - Number(first) + 1)
  return Array.from({ length: count }, (_, index) => {
    const number = Number(first) + index
    return wait === '' ? number : `wait ${number}`
  })
}

function rangesOf(numbers: readonly number[]): string[] {
  const ranges: [number, number][] = []
  for (const number of [...numbers].sort((one, other) => one - other)) {
    const last = ranges.at(-1)
    if (last && number === last[1] + 1) last[1] = number
    else ranges.push([number, number])
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`))
}
