import { defineConfig } from 'vitest/config'
import { LINES, shared } from '../vitest.config.ts'

/** The conformance suite over bad lines, and what each condition does to each lane. */
export default defineConfig({
  test: { ...shared, include: ['test/conformance/*.test.ts', ...LINES], globalSetup: [], provide: { badLines: true } },
})
