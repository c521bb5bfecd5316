import { defineConfig } from 'vitest/config'
import { LongestFirst, PAGE, shared, timed } from '../vitest.config.ts'

/** Tests that expect delays of some milliseconds, so no other test may run at the same time. */
const TIMED = ['test/browser/{absence,settings}.test.ts']

/**
 * Configures the tests of the pages in a browser, except those in `npm test`. Most of the time they wait, so two
 * files run at the same time.
 */
export default defineConfig({
  test: {
    ...shared,
    sequence: { sequencer: LongestFirst },
    globalSetup: ['test/browser/chromium.ts'],
    testTimeout: 90_000,
    retry: timed.retry,
    projects: [
      { extends: true, test: { ...timed, name: 'timed', include: TIMED, sequence: { groupOrder: 0 } } },
      {
        extends: true,
        test: { name: 'other', include: PAGE, exclude: TIMED, maxWorkers: 2, sequence: { groupOrder: 1 } },
      },
    ],
  },
})
