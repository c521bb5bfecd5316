import { defineConfig } from 'vitest/config'
import { shared } from '../../vitest.config.ts'

/** Attacks that take long. `npm test` runs the others. */
export default defineConfig({
  test: {
    ...shared,
    include: ['test/server/attacks/*.long.ts'],
    globalSetup: [],
    provide: { badLines: false },
    testTimeout: 180_000,
  },
})
