import { defineConfig } from 'vitest/config'
import { EFFECTS, LINES, shared, timed } from '../vitest.config.ts'

/** Conformance suite over bad lines, and the effects of each condition on each lane. */
export default defineConfig({
  test: {
    ...shared,
    globalSetup: [],
    provide: { badLines: true },
    projects: [
      { extends: true, test: { ...timed, name: 'timed', include: EFFECTS, sequence: { groupOrder: 0 } } },
      {
        extends: true,
        test: {
          name: 'other',
          include: ['test/conformance/*.test.ts', ...LINES],
          exclude: EFFECTS,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
