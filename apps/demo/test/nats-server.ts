// A real NATS server on a port of its own, which can be killed, stopped and started again. It knows no broker.
import { connect } from 'node:net'
import { getPort } from '@x/testkit'
import { Program } from './demo-process'

export class NatsServer {
  readonly port: number
  readonly #options: readonly string[]
  #program: Program

  private constructor(program: Program, port: number, options: readonly string[]) {
    this.#program = program
    this.port = port
    this.#options = options
  }

  /** Resolves when it listens. Default: a port that no outgoing connection takes while the server is down. */
  static async start(port?: number, ...options: string[]): Promise<NatsServer> {
    const at = port ?? (await getPort())
    const program = new Program('nats-server', ['-a', '127.0.0.1', '-p', String(at), ...options])
    await program.printed(/Server is ready/)
    return new NatsServer(program, at, options)
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`
  }

  async kill(): Promise<void> {
    await this.#program.kill('SIGKILL')
  }

  /** Once it was killed. */
  async restart(): Promise<void> {
    this.#program = (await NatsServer.start(this.port, ...this.#options)).#program
  }

  signal(signal: NodeJS.Signals): void {
    this.#program.child.kill(signal)
  }

  /** Publishes what no broker sends, by the protocol's own words. */
  async publish(subject: string, bytes: Buffer): Promise<void> {
    const socket = connect(this.port, '127.0.0.1')
    await new Promise<void>(resolve => {
      socket.on('data', data => {
        if (String(data).includes('PONG')) resolve()
      })
      socket.write(
        Buffer.concat([
          Buffer.from(`CONNECT {"verbose":false}\r\nPUB ${subject} ${bytes.length}\r\n`),
          bytes,
          Buffer.from('\r\nPING\r\n'),
        ]),
      )
    })
    socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]()
  }
}
