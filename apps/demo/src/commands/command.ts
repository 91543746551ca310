// What a command is: its name, how many words it takes, and what it does. It knows no particular command.
import { Later } from '../client/later'
import type { Session } from '../client/session'
import { error, type Reply } from '../resp/reply'

/** The parts of Redis's COMMAND DOCS that clients show to people. */
export interface CommandDocs {
  readonly summary: string
  /** The version of Redis that had it first. */
  readonly since: string
  readonly group: 'connection' | 'pubsub' | 'server'
}

export interface Command extends CommandDocs {
  /** Lower case; a subcommand's has its container's in front: `client|id`. */
  readonly name: string
  /** How many words a request has, its name included (and a container's); negative: at least so many. */
  readonly arity: number
  readonly flags: readonly string[]
  /** Whether a subscriber may send it in RESP2, where replies and messages cannot be told apart. */
  readonly isForSubscribers?: boolean
  /**
   * Carries out a request (all its words) and returns the reply, or null where there is none. Absent for a container
   * of subcommands.
   */
  readonly run?: (session: Session, args: readonly Buffer[]) => Reply | Later | null
  readonly subcommands?: readonly Command[]
}

/** The reply that other workers are asked for. */
export function later(reply: Promise<Reply>): Later {
  return Later.of(reply, failure => error(`ERR ${failure.message}`))
}

/** An argument as text, a character to a byte. */
export function text(args: readonly Buffer[], index: number): string {
  return args[index]?.toString('latin1') ?? ''
}

/** An argument as a whole number in canonical form; null where it is none. */
export function wholeNumber(args: readonly Buffer[], index: number): number | null {
  const digits = text(args, index)
  return /^(0|-?[1-9]\d{0,14})$/.test(digits) ? Number(digits) : null
}

/** Whether a name that a client gives itself can stand in a line of CLIENT LIST. */
export function isPlainName(name: string): boolean {
  return /^[!-~]*$/.test(name)
}

/** The reply of `HELP`: one line for each subcommand. */
export function help(container: string, lines: readonly string[]): string[] {
  return [
    `${container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`,
    ...lines,
    'HELP',
    '    Prints this help.',
  ]
}
