import { defineConfig } from 'vitest/config'
import { shared } from '../vitest.config.ts'

/** The long proof of the lessons: every wrong and every right program, and the solutions in the sandbox's place. */
export default defineConfig({
  test: { ...shared, include: ['test/lessons/*.proof.ts'], globalSetup: [], testTimeout: 240_000 },
})
