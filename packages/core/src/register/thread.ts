// The hooks as Node loads them into a thread of their own, where it cannot run them in the program's (before Node 22.15).
import { answersFor, type FaceSource } from './face-source'

let answers: ReturnType<typeof answersFor> | undefined

/** Node's hook: called once, with what the program sends. Source: https://nodejs.org/api/module.html#initialize */
export function initialize(source: FaceSource): void {
  answers = answersFor(source)
}

/** Node's hook: which module a specifier names. Source: https://nodejs.org/api/module.html */
export const resolve: ReturnType<typeof answersFor>['resolve'] = (specifier, context, next) =>
  answers ? answers.resolve(specifier, context, next) : next(specifier, context)

/** Node's hook: the source of a module. Source: https://nodejs.org/api/module.html */
export const load: ReturnType<typeof answersFor>['load'] = (url, context, next) =>
  answers ? answers.load(url, context, next) : next(url, context)
