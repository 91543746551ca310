// Where clients come in: opens the TCP port, the local path, or a service manager's socket. What a client does is the session's.
import { existsSync, lstatSync, type Stats } from 'node:fs'
import { dirname } from 'node:path'
import type { ServerOpts } from '@x/core'
import { createServer, type Server, type Socket } from '../net'

/** An endpoint cannot be opened; the message says why and what to do next. */
export class EndpointError extends Error {
  override readonly name = 'EndpointError'
}

export interface Endpoint {
  readonly server: Server
  /** The path of a local endpoint, null for TCP. */
  readonly path: string | null
  /** The port of a TCP endpoint, null for a local one. */
  readonly port: number | null
}

/** Takes a connection; `localPath` is null for TCP. */
export type Welcome = (socket: Socket, localPath: string | null) => void

/** Listens on TCP; port 0 lets the system choose. Rejects with `EndpointError`. */
export async function openTcp(
  { port, host }: { readonly port: number; readonly host: string },
  options: ServerOpts,
  welcome: Welcome,
): Promise<Endpoint> {
  const server = createServer(options, socket => welcome(socket, null))
  try {
    await listening(server, () => server.listen({ port, host }))
  } catch (error) {
    throw new EndpointError(whyNoTcp(error as NodeJS.ErrnoException, port, host))
  }
  const address = server.address()
  return { server, path: null, port: address !== null && typeof address === 'object' ? address.port : port }
}

/** Listens on a path. Rejects with `EndpointError`. */
export async function openPath(path: string, welcome: Welcome): Promise<Endpoint> {
  const server = createServer(socket => welcome(socket, path))
  try {
    await listening(server, () => server.listen({ path }))
  } catch (error) {
    throw new EndpointError(whyNoPath(error as NodeJS.ErrnoException, path))
  }
  return { server, path, port: null }
}

/** Listens on a socket that a service manager has opened, TCP or local. Rejects with `EndpointError`. */
export async function openDescriptor(
  { fd, name }: { readonly fd: number; readonly name: string },
  options: ServerOpts,
  welcome: Welcome,
): Promise<Endpoint> {
  const place: { path: string | null } = { path: null }
  const server = createServer(options, socket => welcome(socket, place.path))
  try {
    await listening(server, () => server.listen({ fd }))
  } catch (error) {
    throw new EndpointError(
      `cannot serve on the service manager's socket ${fd} (${name}): ${(error as Error).message}`,
    )
  }
  const address = server.address()
  if (typeof address === 'string') place.path = address
  return {
    server,
    path: place.path,
    port: address !== null && typeof address === 'object' ? address.port : null,
  }
}

function listening(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const onListening = () => {
      server.off('error', onError)
      resolve()
    }
    const onError = (error: Error) => {
      server.off('listening', onListening)
      reject(error)
    }
    server.once('listening', onListening)
    server.once('error', onError)
    listen()
  })
}

function whyNoTcp(error: NodeJS.ErrnoException, port: number, host: string): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return (
        `port ${port} on ${host} is taken, perhaps by another demo or a Redis server.\n` +
        `Choose another (--port ${port + 1}), let the system choose (--port 0), or find out who has it: ss -ltnp 'sport = :${port}'`
      )
    case 'EACCES':
      return `port ${port} is for administrators. Choose one above 1023, for instance --port 6399`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is no address of this machine. Choose another with --host, for instance --host 127.0.0.1`
    default:
      return `cannot listen on ${host} port ${port}: ${error.message}`
  }
}

function whyNoPath(error: NodeJS.ErrnoException, path: string): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `${whoIsAt(path)}, choose another path with --path, or do without: --no-path`
    case 'EACCES':
    case 'EROFS':
    case 'ENOENT':
      // uv_pipe_bind tells EACCES for a folder that is not there, too.
      if (!existsSync(dirname(path))) {
        return `the folder of ${path} does not exist. Create it, or choose another path with --path`
      }
      return `this user may not create ${path}. Choose another with --path, or do without: --no-path`
    default:
      return `cannot listen on ${path}: ${error.message}\nChoose another with --path, or do without: --no-path`
  }
}

/** What has taken a path, and how to get rid of it. */
function whoIsAt(path: string): string {
  const there = lstatSync(path, { throwIfNoEntry: false })
  if (there === undefined || there.isSocket()) {
    return `${path} is taken: another process listens there, perhaps a demo.\nFind out who (ss -lxp | grep ${path}) and stop it`
  }
  return `${path} is ${kindOf(there)} and no socket; a demo does not remove what it did not make.\nMove it away or remove it if nobody needs it`
}

function kindOf(there: Stats): string {
  if (there.isDirectory()) return 'a folder'
  if (there.isSymbolicLink()) return 'a symbolic link'
  return there.isFile() ? 'a file' : 'a device or a pipe'
}
