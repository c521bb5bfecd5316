import { defineConfig } from 'vitest/config'
import { shared } from '../vitest.config.ts'

/** Behind real proxies, where they are installed. */
export default defineConfig({
  test: {
    ...shared,
    include: ['test/proxy/*.test.ts'],
    globalSetup: [],
    testTimeout: 40_000,
    provide: { badLines: false },
  },
})
