export interface Example {
  readonly title: string
  readonly program: string
  readonly prints: string
}
export interface Program {
  readonly title: string
  readonly program: string
  /** The block ```text that follows it. */
  readonly text: string | undefined
}
export function programsOf(file: string): Program[]
export function examplesOf(file: string): Example[]
export function runExample(packageFolder: string, program: string): Promise<string>
