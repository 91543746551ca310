// From a request to its reply: finds the command, checks what can be checked without running it, and runs it.
import type { Later } from '../client/later'
import type { Session } from '../client/session'
import { error, type Reply } from '../resp/reply'
import type { Command } from './command'
import { findCommand } from './command-table'

/** How much of an unknown command is repeated to the client, in characters. */
const ECHO_LIMIT = 128
const MINUS = 45

/** Executes one request, and sends its reply. */
export function execute(session: Session, args: readonly Buffer[]): void {
  session.surroundings.statistics.commandsProcessed++
  const command = chooseCommand(session, args)
  let reply: Reply | Later | null
  if (typeof command === 'string') {
    reply = command
  } else {
    session.lastCommand = command.name
    reply = command.run!(session, args)
  }
  if (typeof reply === 'string' && reply.charCodeAt(0) === MINUS)
    session.surroundings.statistics.errorReplies++
  if (reply !== null) session.send(reply)
  if (session.replyMode !== 'on') advanceReplyMode(session)
  if (session.isEndingAfterReply) session.end()
}

/** The command to run, or the error reply. */
function chooseCommand(session: Session, args: readonly Buffer[]): Command | string {
  const name = args[0]!.toString('latin1').toLowerCase()
  let command = name.includes('|') ? undefined : findCommand(name)
  if (command === undefined) return unknownCommand(args)
  if (command.subcommands !== undefined && args.length > 1) {
    command = findCommand(`${name}|${args[1]!.toString('latin1').toLowerCase()}`)
    if (command === undefined) return unknownSubcommand(name, args)
  }
  const isArityRight = command.arity < 0 ? args.length >= -command.arity : args.length === command.arity
  if (!isArityRight || command.run === undefined) {
    return error(`ERR wrong number of arguments for '${command.name}' command`)
  }
  if (session.protocol === 2 && session.isSubscriber && command.isForSubscribers !== true) {
    return error(
      `ERR Can't execute '${command.name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET ` +
        'are allowed in this context',
    )
  }
  return command
}

function unknownCommand(args: readonly Buffer[]): string {
  let beginning = ''
  for (const arg of args.slice(1)) {
    if (beginning.length >= ECHO_LIMIT) break
    beginning += `'${arg.toString('latin1', 0, ECHO_LIMIT - beginning.length)}' `
  }
  return error(
    `ERR unknown command '${args[0]!.toString('latin1', 0, ECHO_LIMIT)}', with args beginning with: ${beginning}`,
  )
}

function unknownSubcommand(container: string, args: readonly Buffer[]): string {
  return error(
    `ERR unknown subcommand '${args[1]!.toString('latin1', 0, ECHO_LIMIT)}'. Try ${container.toUpperCase()} HELP.`,
  )
}

/** CLIENT REPLY SKIP silences the one command after it. */
function advanceReplyMode(session: Session): void {
  if (session.replyMode === 'skip') session.replyMode = 'on'
  else if (session.replyMode === 'skip-next') session.replyMode = 'skip'
}
