import { defineConfig } from 'vitest/config'
import { shared } from '../../vitest.config.ts'

/** The attacks that take long; the others are in npm test. */
export default defineConfig({
  test: {
    ...shared,
    include: ['test/server/attacks/*.long.ts'],
    globalSetup: [],
    provide: { badLines: false },
    testTimeout: 180_000,
  },
})
