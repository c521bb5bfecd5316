import { defineConfig } from 'vitest/config'
import { shared } from '../vitest.config.ts'

/** Tests behind real proxies. Each is skipped if its proxy is not installed. */
export default defineConfig({
  test: {
    ...shared,
    include: ['test/proxy/*.test.ts'],
    globalSetup: [],
    // These tests wait for proxies, processes and reconnects for most of their time.
    maxWorkers: 2,
    maxConcurrency: 4,
    testTimeout: 90_000,
    provide: { badLines: false },
  },
})
