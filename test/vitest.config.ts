import { defineConfig } from 'vitest/config'
import type { TestUserConfig } from 'vitest/config'
import { BaseSequencer } from 'vitest/node'
import type { TestSpecification } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** Does the conformance suite run over lines with latency, little bandwidth and losses? */
    badLines: boolean
  }
}

export const shared: TestUserConfig = {
  maxWorkers: 1,
  // A worker loads what is tested once and not for each file. No file leaves anything behind for the next.
  isolate: false,
  setupFiles: ['test/setup.ts'],
  testTimeout: 40_000,
  // On a machine that others use as well, a bound in milliseconds may be missed once. The report says so.
  retry: 1,
}

/** What bad lines do takes its time: `npm run test:lines`. */
export const LINES = ['test/server/network.test.ts', 'test/server/wire/effects.test.ts']

/** All of the pages, in a browser, but the four lanes themselves: `npm run test:page`. */
export const PAGE = [
  'test/browser/{absence,board,board-line,chat,choose,chromium,dropped,inspector,ladder,lesson,looks,network,sandbox,settings}.test.ts',
]

/** Whose subject is time: on two cores nothing else may run beside them. */
const TIMED = [
  'test/browser/{capture,page}.test.ts',
  'test/server/transports/slow.test.ts',
  'test/server/wire/{link,pipe,wire}.test.ts',
  'test/web/**/*.test.ts',
]

/** What takes longest goes first: at the end one worker would wait for the other. In a fresh clone Vitest goes by the files' sizes. */
class LessonsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isFirst = ({ moduleId }: TestSpecification) => moduleId.endsWith('/lessons.test.ts')
    const sorted = await super.sort(files)
    return [...sorted.filter(isFirst), ...sorted.filter((file) => !isFirst(file))]
  }
}

export default defineConfig({
  test: {
    ...shared,
    sequence: { sequencer: LessonsFirst },
    // A browser may have to be installed first, which no test's time limit allows for.
    globalSetup: ['test/browser/chromium.ts'],
    provide: { badLines: false },
    projects: [
      { extends: true, test: { name: 'timed', include: TIMED, sequence: { groupOrder: 0 } } },
      {
        extends: true,
        test: {
          name: 'other',
          include: ['test/**/*.test.ts'],
          exclude: ['test/proxy/**', ...LINES, ...PAGE, ...TIMED],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
