// The one test setup of every package.
import { defineConfig } from 'vitest/config'
import { HANG_MS } from './hang-limit.mjs'
import { skipReasons } from './skip-reasons.mjs'

const report = process.env.X_TEST_REPORT

/** @param {import('vitest/config').ViteUserConfig['test']} [more] */
export function suite(more = {}) {
  return defineConfig({
    test: {
      include: ['test/**/*.test.ts'],
      passWithNoTests: true,
      pool: 'forks',
      maxWorkers: 2,
      testTimeout: HANG_MS,
      hookTimeout: HANG_MS,
      retry: 0,
      // A built package of the workspace is loaded by Node, as its users load it, and not taken apart by Vite.
      server: { deps: { external: [/\/dist\//] } },
      reporters: report
        ? ['default', ['json', { outputFile: report }], skipReasons(`${report}.skipped`)]
        : ['default'],
      ...more,
    },
  })
}
