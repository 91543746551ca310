// The hook as Node loads it into a thread of its own, where it cannot run in the program's (before Node 22.15).
import { answersFor, type FaceSource } from './face-source'

/** One for each module of Node that is answered. */
const hooks: ReturnType<typeof answersFor>[] = []

/** Node's hook: called once for each registration, with what the program sends. Source: https://nodejs.org/api/module.html#initialize */
export function initialize(source: FaceSource): void {
  hooks.push(answersFor(source))
}

/** Node's hook: which module a specifier names. Source: https://nodejs.org/api/module.html */
export const resolve: ReturnType<typeof answersFor> = (specifier, context, next) => {
  type Next = typeof next
  const chain = hooks.reduce<Next>(
    (after, hook) => (name, there) => hook(name, there, after) as ReturnType<Next>,
    next,
  )
  return chain(specifier, context)
}
