// A program that uses the built package's types compiles strictly, in each way of resolving modules.
import path from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const program = path.join(__dirname, 'types', 'consumer.mts')

const ways: Record<string, ts.CompilerOptions> = {
  node16: { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16 },
  nodenext: { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
}

describe('the types of the package', () => {
  it.each(Object.entries(ways))('[C1] compile strictly with moduleResolution %s', (_name, way) => {
    const compiled = ts.createProgram([program], {
      ...way,
      noEmit: true,
      skipLibCheck: true,
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
      types: ['node'],
    })
    const problems = ts
      .getPreEmitDiagnostics(compiled)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
    expect(problems).toEqual([])
  })
})
