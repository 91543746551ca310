// The hook as Node loads it into a thread of its own, where it cannot run in the program's (before Node 22.15).
import { answersFor, type FaceSource } from './face-source'

let answers: ReturnType<typeof answersFor> | undefined

/** Node's hook: called once, with what the program sends. Source: https://nodejs.org/api/module.html#initialize */
export function initialize(source: FaceSource): void {
  answers = answersFor(source)
}

/** Node's hook: which module a specifier names. Source: https://nodejs.org/api/module.html */
export const resolve: ReturnType<typeof answersFor> = (specifier, context, next) =>
  answers ? answers(specifier, context, next) : next(specifier, context)
