import { defineConfig } from 'vitest/config'
import type { TestUserConfig } from 'vitest/config'

declare module 'vitest' {
  interface ProvidedContext {
    /** Does the conformance suite run over lines with latency, little bandwidth and losses? */
    badLines: boolean
  }
}

export const shared: TestUserConfig = {
  // Two cores: the browser's tests measure, so nothing else may run beside them.
  maxWorkers: 1,
  setupFiles: ['test/setup.ts'],
  testTimeout: 20_000,
}

export default defineConfig({
  test: {
    ...shared,
    include: ['test/**/*.test.ts'],
    exclude: ['test/proxy/**'],
    // A browser may have to be installed first, which no test's time limit allows for.
    globalSetup: ['test/browser/chromium.ts'],
    provide: { badLines: false },
  },
})
