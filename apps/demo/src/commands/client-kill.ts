// CLIENT KILL: its filters, and the end of those that all of them choose.
import { clientType } from '../clients'
import { error, integer, OK, type Reply } from '../resp/reply'
import type { Session } from '../session'
import { text, wholeNumber } from './command'

type Filter = (client: Session) => boolean

/** CLIENT KILL addr:port, or CLIENT KILL with filters, of which each has a value. */
export function clientKill(session: Session, args: readonly Buffer[]): Reply {
  if (args.length === 3) {
    const killed = kill(session, client => client.address === text(args, 2))
    return killed === 0 ? error('ERR No such client') : OK
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
      filters.push(filter)
    }
  }
  if (isSparingSelf) filters.push(client => client !== session)
  return integer(kill(session, client => filters.every(filter => filter(client))))
}

/** A filter, or the error reply. */
function toFilter(option: string, args: readonly Buffer[], at: number): Filter | string {
  const value = text(args, at)
  if (option === 'id') {
    const id = wholeNumber(args, at)
    if (id === null || id < 1) return error('ERR client-id should be greater than 0')
    return client => client.id === id
  }
  if (option === 'addr') return client => client.address === value
  if (option === 'laddr') return client => client.localAddress === value
  if (option === 'user') {
    return value === 'default' ? () => true : error(`ERR No such user '${value}'`)
  }
  if (option === 'type') {
    const type = value.toLowerCase()
    if (!['normal', 'master', 'replica', 'slave', 'pubsub'].includes(type)) {
      return error(`ERR Unknown client type '${value}'`)
    }
    return client => clientType(client) === type
  }
  return error('ERR syntax error')
}

/** Ends the chosen clients: others at once, itself once it has read the reply. Returns how many. */
function kill(session: Session, isChosen: Filter): number {
  const chosen = [...session.surroundings.clients].filter(isChosen)
  for (const client of chosen) {
    if (client === session) session.isEndingAfterReply = true
    else client.cut()
  }
  if (chosen.length > 0) session.surroundings.log.info(session.who, `killed ${chosen.length} client(s)`)
  return chosen.length
}
