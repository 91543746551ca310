// Log lines for people: time, how grave, who, what; on standard error. It knows no other part.

/** From the most talkative to the most silent. */
export const LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type Level = (typeof LEVELS)[number]

export class Log {
  readonly #least: number
  readonly #write: (line: string) => void

  /** @param level what is less grave is not written */
  constructor(level: Level, write: (line: string) => void = line => process.stderr.write(line)) {
    this.#least = LEVELS.indexOf(level)
    this.#write = write
  }

  /** Whether such a line would be written: ask where making it costs something. */
  shows(level: Level): boolean {
    return LEVELS.indexOf(level) >= this.#least
  }

  debug(who: string, what: string): void {
    this.#line('debug', who, what)
  }

  info(who: string, what: string): void {
    this.#line('info', who, what)
  }

  warn(who: string, what: string): void {
    this.#line('warn', who, what)
  }

  error(who: string, what: string): void {
    this.#line('error', who, what)
  }

  #line(level: Level, who: string, what: string): void {
    if (!this.shows(level)) return
    this.#write(`${timeOfDay(new Date())} ${level.padEnd(5)} ${who}: ${printable(what)}\n`)
  }
}

function timeOfDay(now: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const clock = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`
  return `${clock}.${String(now.getMilliseconds()).padStart(3, '0')}`
}

/** What a client sent must not be able to forge a line or drive a terminal. */
function printable(text: string): string {
  return text.replace(
    /[^\x20-\x7e\u00a1-\uffff]/g,
    char => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}
