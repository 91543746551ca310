// What all command lines of the program share: how words are read, and what follows where they are wrong. It knows no option.
import { type ParseArgsConfig, parseArgs } from 'node:util'

/** The command line is wrong; the message says what, and what would be right. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The exit code for a command line that is wrong. */
export const EXIT_USAGE = 2

/** `parseArgs`, which throws `UsageError` for what the options do not allow. */
export function parseWords<const Config extends ParseArgsConfig>(
  words: readonly string[],
  config: Config,
): ReturnType<typeof parseArgs<Config & { args: string[] }>> {
  try {
    return parseArgs({ ...config, args: [...words] })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new UsageError(`${option} takes a whole number from ${least} to ${most}, not "${text}"`)
}

export function nonEmpty(option: string, text: string): string {
  if (text !== '') return text
  throw new UsageError(`${option} must not be empty`)
}

export interface CommandLine<Options extends object, Text extends string> {
  /** As people type it: a command line that is wrong is answered with where its help is. */
  readonly command: string
  /** What is printed where that is all that was asked for, such as the help. */
  readonly texts: Readonly<Record<Text, string>>
  /** Throws `UsageError`. */
  parse(): Options | Text
}

/** Runs with the options of a command line; resolves with the exit code. */
export async function runWith<Options extends object, Text extends string>(
  { command, texts, parse }: CommandLine<Options, Text>,
  run: (options: Options) => Promise<number>,
): Promise<number> {
  let options: Options | Text
  try {
    options = parse()
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`demo: ${error.message}\nSee ${command} --help`)
    return EXIT_USAGE
  }
  if (typeof options !== 'string') return await run(options)
  process.stdout.write(texts[options])
  return 0
}
