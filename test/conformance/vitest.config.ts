import { defineConfig } from 'vitest/config'
import { shared } from '../vitest.config.ts'

/** The conformance suite over bad lines. */
export default defineConfig({
  test: { ...shared, include: ['test/conformance/*.test.ts'], globalSetup: [], provide: { badLines: true } },
})
