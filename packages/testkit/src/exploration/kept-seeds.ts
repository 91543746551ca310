// The file of seeds that failed: they come first the next time, until one is found to pass. It knows no runs.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { codedError } from '@x/core/internal'

export class KeptSeeds {
  readonly #file: string | undefined
  readonly #seeds: Set<number>

  /** @throws `ERR_INVALID_ARG_VALUE` where the file holds no list of seeds. */
  constructor(file: string | undefined) {
    this.#file = file
    this.#seeds = new Set(file !== undefined && existsSync(file) ? read(file) : [])
  }

  get seeds(): readonly number[] {
    return [...this.#seeds]
  }

  /** How a seed went. The file says so at once: an exploration may be ended at any time. */
  ran(seed: number, hasFailed: boolean): void {
    if (this.#seeds.has(seed) === hasFailed) return
    if (hasFailed) this.#seeds.add(seed)
    else this.#seeds.delete(seed)
    this.write()
  }

  write(): void {
    if (this.#file === undefined) return
    // Whoever reads it finds the old list or the new one, and never a part.
    const beside = `${this.#file}.${process.pid}`
    writeFileSync(beside, `${JSON.stringify(this.seeds)}\n`)
    renameSync(beside, this.#file)
  }
}

function read(file: string): number[] {
  const list = parse(readFileSync(file, 'utf8'))
  const isList = Array.isArray(list) && list.every(seed => Number.isSafeInteger(seed) && seed >= 0)
  if (isList) return list
  throw codedError('ERR_INVALID_ARG_VALUE', 'options.keep', file, 'is a file that holds no list of seeds')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
