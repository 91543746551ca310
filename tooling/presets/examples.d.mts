export interface Example {
  readonly title: string
  readonly program: string
  readonly prints: string
}
export function examplesOf(file: string): Example[]
export function runExample(packageFolder: string, program: string): Promise<string>
