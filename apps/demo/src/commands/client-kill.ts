// CLIENT KILL: its filters. The workers find and end those that all of them choose.

import { isChosen, isClientType } from '../client/clients'
import type { Later } from '../client/later'
import type { Session } from '../client/session'
import { count } from '../count'
import { error, integer, OK, type Reply } from '../resp/reply'
import { later, text, wholeNumber } from './command'

type Filter = [option: string, value: string]

/** CLIENT KILL addr:port, or CLIENT KILL with filters, of which each has a value. */
export function clientKill(session: Session, args: readonly Buffer[]): Reply | Later {
  if (args.length === 3) {
    const killed = kill(session, [['addr', text(args, 2)]])
    return later(killed.then(count => (count === 0 ? error('ERR No such client') : OK)))
  }
  if (args.length % 2 === 1) return error('ERR syntax error')
  const filters: Filter[] = []
  let isSparingSelf = true
  for (let at = 2; at < args.length; at += 2) {
    const option = text(args, at).toLowerCase()
    if (option === 'skipme') {
      const choice = text(args, at + 1).toLowerCase()
      if (choice !== 'yes' && choice !== 'no') return error('ERR syntax error')
      isSparingSelf = choice === 'yes'
    } else {
      const filter = toFilter(option, args, at + 1)
      if (typeof filter === 'string') return filter
      filters.push(...filter)
    }
  }
  if (isSparingSelf) filters.push(['not-id', String(session.id)])
  return later(kill(session, filters).then(integer))
}

/** What a filter means to the workers, or the error reply. */
function toFilter(option: string, args: readonly Buffer[], at: number): Filter[] | string {
  const value = text(args, at)
  if (option === 'id') {
    const id = wholeNumber(args, at)
    if (id === null || id < 1) return error('ERR client-id should be greater than 0')
    return [['id', value]]
  }
  if (option === 'addr' || option === 'laddr') return [[option, value]]
  if (option === 'user') return value === 'default' ? [] : error(`ERR No such user '${value}'`)
  if (option === 'type') {
    const type = value.toLowerCase()
    return isClientType(type) ? [['type', type]] : error(`ERR Unknown client type '${value}'`)
  }
  return error('ERR syntax error')
}

/** Ends the chosen clients: others at once, itself once it has read the reply. Resolves with how many. */
async function kill(session: Session, filters: readonly Filter[]): Promise<number> {
  const isOwn = isChosen(session, filters)
  if (isOwn) session.isEndingAfterReply = true
  const others: Filter[] = [...filters, ['not-id', String(session.id)]]
  const counts = await session.surroundings.mesh.ask('kill', others)
  const killed = counts.reduce((sum, count) => sum + count, isOwn ? 1 : 0)
  if (killed > 0) session.surroundings.log.info(session.who, `killed ${count(killed, 'client')}`)
  return killed
}
