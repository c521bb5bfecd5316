import { defineConfig } from 'vitest/config'
import { PROCESSES, shared, timed } from '../vitest.config.ts'

/** The server and its launcher as programs. Most of the time they wait for a process to start. */
export default defineConfig({
  test: {
    ...shared,
    include: PROCESSES,
    globalSetup: [],
    maxWorkers: 2,
    retry: timed.retry,
    provide: { badLines: false },
  },
})
