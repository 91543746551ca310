// The leak check of a part of a test. It knows what a body is, and leaves the check to others.
import { validateFunction } from '@x/core/internal'
import { checked } from './leak-check'
import { monitor } from './leak-monitor'

/**
 * Runs a body and rejects with a `LeakError` if it left something open: a server, socket, timer, child process, watcher,
 * worker, message port or `FileHandle`. Each is named, with the line that opened it. The check waits until nothing new
 * is opened and no lookup or file operation is under way; one that still is after a second is named, too. What is closing gets
 * 250 ms. What a server of before the check accepts is that server's.
 *
 * Checks may run at once: each has what was opened in its own async context. What has none of theirs belongs to the only check
 * that runs, or to the last of several, and the error says so. Timers, sockets and child processes that
 * are `unref`'d are no leaks; files that were opened by number (`fs.open`, streams of files) are not seen.
 *
 * @example
 * await expectNoLeaks(async () => {
 *   const server = createServer().listen(0)
 *   server.close()
 * })
 */
export function expectNoLeaks<T>(body: () => Promise<T> | T): Promise<T> {
  validateFunction(body, 'body')
  return checked(monitor.beginWithin('a check'), body)
}
