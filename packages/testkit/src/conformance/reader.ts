// A sink that remembers what a stream read and lets a test wait for it. It knows no transport.
import type { ReadSink, Status } from '@x/core/transport'

interface Waiter {
  readonly holds: () => boolean
  readonly what: string
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export class Reader implements ReadSink {
  readonly chunks: Buffer[] = []
  readonly errors: Status[] = []
  size = 0
  ends = 0
  /** Runs first at each event, so that a test can act inside the callback. */
  hook: ((event: 'data' | 'end' | 'error') => void) | null
  #waiters: Waiter[] = []

  constructor(hook: Reader['hook'] = null) {
    this.hook = hook
  }

  onData(chunk: Buffer): void {
    this.chunks.push(chunk)
    this.size += chunk.length
    this.#told('data')
  }

  onEnd(): void {
    this.ends++
    this.#told('end')
  }

  onError(status: Status): void {
    this.errors.push(status)
    this.#told('error')
  }

  get calls(): number {
    return this.chunks.length + this.ends + this.errors.length
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }

  /** When so many bytes are here; fails where the stream is over before. */
  whenSize(size: number): Promise<void> {
    return this.when(() => this.size >= size, `${size} bytes`)
  }

  whenEnd(): Promise<void> {
    return this.when(() => this.ends > 0, 'the end')
  }

  /** When the stream is over, either way. */
  whenOver(): Promise<void> {
    return this.when(() => this.ends + this.errors.length > 0, 'the end or an error')
  }

  when(holds: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ holds, what, resolve, reject })
      this.#look()
    })
  }

  #told(event: 'data' | 'end' | 'error'): void {
    this.hook?.(event)
    this.#look()
  }

  #look(): void {
    const isOver = this.ends + this.errors.length > 0
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) {
      if (waiter.holds()) waiter.resolve()
      else if (isOver) waiter.reject(new Error(`waited for ${waiter.what}; ${this.#state()}`))
      else this.#waiters.push(waiter)
    }
  }

  #state(): string {
    return `read ${this.size} bytes, ${this.ends} ends, errors [${this.errors.join(' ')}]`
  }
}
