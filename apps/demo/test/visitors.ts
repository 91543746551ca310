// Clients that come, ask once, and go, again and again; each that did not get its answer is counted. It knows no broker.
import { connect } from 'node:net'

/** What a visitor says, and what it is to be answered; QUIT and its reply come behind. */
interface Talk {
  readonly request: string
  readonly reply: string
}

const PING: Talk = { request: 'PING\r\n', reply: '+PONG\r\n' }

export class Visitors {
  visits = 0
  /** What went wrong with those that went wrong. */
  readonly failures: string[] = []
  readonly #port: number
  readonly #talk: (visit: number) => Talk
  /** Who waits for more of them. */
  #waits: { readonly until: number; readonly resolve: () => void }[] = []
  #begun = 0
  readonly #running: Promise<unknown>
  readonly #underWay = new Set<Promise<void>>()
  #isOver = false

  /** @param together so many at the same time */
  constructor(port: number, together: number, talk: (visit: number) => Talk = () => PING) {
    this.#port = port
    this.#talk = talk
    this.#running = Promise.all(Array.from({ length: together }, () => this.#run()))
  }

  /** Resolves once so many more have come and gone. */
  more(count: number): Promise<void> {
    return new Promise(resolve => this.#waits.push({ until: this.visits + count, resolve }))
  }

  /** Resolves once all have gone that are here now. */
  async renewed(): Promise<void> {
    await Promise.all(this.#underWay)
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const visit = this.#visit()
      this.#underWay.add(visit)
      await visit
      this.#underWay.delete(visit)
    }
  }

  #visit(): Promise<void> {
    const { request, reply } = this.#talk(this.#begun++)
    return new Promise(resolve => {
      let answer = ''
      let failure = ''
      const socket = connect(this.#port, '127.0.0.1')
      socket.setEncoding('latin1').on('data', text => {
        answer += text
      })
      socket.on('error', error => {
        failure = error.message
      })
      socket.on('close', () => {
        this.visits++
        if (failure !== '' || answer !== `${reply}+OK\r\n`)
          this.failures.push(failure || JSON.stringify(answer))
        this.#tell()
        resolve()
      })
      socket.write(`${request}QUIT\r\n`)
    })
  }

  #tell(): void {
    const isOver = ({ until }: { readonly until: number }) => until <= this.visits
    for (const { resolve } of this.#waits.filter(isOver)) resolve()
    this.#waits = this.#waits.filter(wait => !isOver(wait))
  }
}
