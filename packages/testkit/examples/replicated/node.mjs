// One node of a replicated list: elects a leader and copies what clients append (Raft: Ongaro and Ousterhout, 2014,
// without snapshots). Ordinary code on servers, sockets and timers: it knows nothing of simulations.
import { createServer } from '@x/core'
import { onMessages, Peer } from './messages.mjs'

const HEARTBEAT_MS = 100
const ELECTION_MS = 400

/** What a node's disk holds; it outlives the node. */
export function newDisk() {
  return { term: 0, votedFor: null, log: [{ term: 0, value: null }] }
}

/**
 * Starts a node.
 * @param {{ name: string, others: string[], disk: ReturnType<typeof newDisk>, bug?: string }} options `others`: host
 * names of the other nodes. `bug`: `early-ack` answers a client before a majority has the value; `forgotten-vote` votes
 * for whoever asks, as if it had not voted in this term.
 */
export function startNode({ name, others, disk, bug = 'none' }) {
  const node = new Node(name, disk, bug)
  node.peers = others.map(other => new Peer(other, 7000, reply => node.hear(other, reply)))
  createServer(socket => {
    socket.on('error', () => {})
    onMessages(socket, message => {
      const reply = node.answer(message, later => send(socket, later))
      if (reply) send(socket, reply)
    })
  }).listen(7000)
  node.awaitLeader()
  return node
}

function send(socket, message) {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`)
}

class Node {
  role = 'follower'
  leader = null
  /** Index of the last entry that a majority has. */
  committed = 0
  peers = []
  votes = new Set()
  next = new Map()
  match = new Map()
  /** Clients that wait for an entry to be committed, by its index. */
  waiting = new Map()

  constructor(name, disk, bug) {
    this.name = name
    this.disk = disk
    this.bug = bug
  }

  get last() {
    return this.disk.log.length - 1
  }

  get majority() {
    return Math.floor((this.peers.length + 1) / 2) + 1
  }

  /** A request of a client or another node; the reply, now or later. */
  answer(message, replyLater) {
    if (message.type === 'append') return this.#append(message.value, replyLater)
    if (message.term > this.disk.term) this.#followTerm(message.term)
    if (message.type === 'vote') return this.#vote(message)
    return this.#copy(message)
  }

  /** A reply of another node. */
  hear(from, reply) {
    if (reply.term > this.disk.term) this.#followTerm(reply.term)
    else if (reply.term < this.disk.term) return
    else if (reply.type === 'vote' && this.role === 'candidate' && reply.granted) {
      this.votes.add(from)
      if (this.votes.size >= this.majority) this.#lead()
    } else if (reply.type === 'copy' && this.role === 'leader') this.#heardCopy(from, reply)
  }

  /** Stands for election where no leader is heard for a while. */
  awaitLeader() {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.#stand(), ELECTION_MS * (1 + Math.random()))
  }

  #followTerm(term) {
    this.disk.term = term
    this.disk.votedFor = null
    this.#follow(null)
  }

  #follow(leader) {
    if (this.role === 'leader') clearInterval(this.heart)
    this.role = 'follower'
    this.leader = leader
    for (const { reply } of this.waiting.values()) reply({ type: 'appended', ok: false, leader })
    this.waiting.clear()
    this.awaitLeader()
  }

  #stand() {
    this.role = 'candidate'
    this.leader = null
    this.disk.term++
    this.disk.votedFor = this.name
    this.votes = new Set([this.name])
    const { term, log } = this.disk
    const ask = { type: 'vote', term, from: this.name, last: this.last, lastTerm: log[this.last].term }
    for (const peer of this.peers) peer.send(ask)
    this.awaitLeader()
  }

  #vote({ term, from, last, lastTerm }) {
    const { disk } = this
    const ownTerm = disk.log[this.last].term
    const isCurrent = lastTerm > ownTerm || (lastTerm === ownTerm && last >= this.last)
    const isFree = disk.votedFor === null || disk.votedFor === from || this.bug === 'forgotten-vote'
    const granted = term === disk.term && isCurrent && isFree
    if (granted) {
      disk.votedFor = from
      this.awaitLeader()
    }
    return { type: 'vote', term: disk.term, granted }
  }

  #lead() {
    this.role = 'leader'
    this.leader = this.name
    clearTimeout(this.timer)
    for (const peer of this.peers) {
      this.next.set(peer.name, this.last + 1)
      this.match.set(peer.name, 0)
    }
    // Entries of earlier terms are committed by one of this term alone (the paper's 5.4.2).
    this.disk.log.push({ term: this.disk.term, value: null })
    this.heart = setInterval(() => this.#copyToAll(), HEARTBEAT_MS)
    this.#copyToAll()
  }

  #append(value, reply) {
    if (this.role !== 'leader') return { type: 'appended', ok: false, leader: this.leader }
    this.disk.log.push({ term: this.disk.term, value })
    if (this.bug === 'early-ack') reply({ type: 'appended', ok: true })
    else this.waiting.set(this.last, { reply })
    this.#copyToAll()
    return null
  }

  #copyToAll() {
    for (const peer of this.peers) this.#copyTo(peer)
  }

  #copyTo(peer) {
    const { term, log } = this.disk
    const next = this.next.get(peer.name)
    peer.send({
      type: 'copy',
      term,
      from: this.name,
      before: next - 1,
      beforeTerm: log[next - 1].term,
      entries: log.slice(next, next + 50),
      committed: this.committed,
    })
  }

  #copy({ term, from, before, beforeTerm, entries, committed }) {
    const { disk } = this
    if (term < disk.term) return { type: 'copy', term: disk.term, ok: false }
    this.#follow(from)
    if (disk.log[before]?.term !== beforeTerm) {
      return { type: 'copy', term, ok: false, hint: Math.min(before - 1, this.last) }
    }
    entries.forEach((entry, offset) => {
      const at = before + 1 + offset
      if (disk.log[at]?.term !== entry.term) disk.log.splice(at, disk.log.length, entry)
    })
    const known = before + entries.length
    this.committed = Math.max(this.committed, Math.min(committed, known))
    return { type: 'copy', term, ok: true, known }
  }

  #heardCopy(from, { ok, known, hint }) {
    if (!ok) {
      this.next.set(from, Math.max(1, Math.min(this.next.get(from) - 1, (hint ?? 0) + 1)))
      return
    }
    this.match.set(from, Math.max(this.match.get(from), known))
    this.next.set(from, this.match.get(from) + 1)
    const ranks = [this.last, ...this.match.values()].sort((a, b) => b - a)
    const common = ranks[this.majority - 1]
    if (common <= this.committed || this.disk.log[common].term !== this.disk.term) return
    this.committed = common
    for (const [index, { reply }] of this.waiting) {
      if (index > common) continue
      this.waiting.delete(index)
      reply({ type: 'appended', ok: true })
    }
  }
}
