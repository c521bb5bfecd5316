import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Two cores: the browser's tests measure, so nothing else may run beside them.
    maxWorkers: 1,
    setupFiles: ['test/setup.ts'],
    // A browser may have to be installed first, which no test's time limit allows for.
    globalSetup: ['test/browser/chromium.ts'],
    testTimeout: 20_000,
  },
})
