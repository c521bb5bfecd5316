import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import type { TestUserConfig } from 'vitest/config'
import { BaseSequencer } from 'vitest/node'
import type { TestSpecification } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** True if the conformance suite runs over lines with latency, little bandwidth and losses. */
    badLines: boolean
  }
}

export const shared: TestUserConfig = {
  maxWorkers: 1,
  // A worker loads the tested modules once and not for each file. No file changes the state of another.
  isolate: false,
  // Concurrent tests wait for more than half of their time.
  maxConcurrency: availableParallelism() + 1,
  setupFiles: ['test/setup.ts'],
  testTimeout: 40_000,
  // Default: 10 s, which a busy machine may need for the start of a browser.
  hookTimeout: 60_000,
  // Default: 1 s, which a busy machine may need for one answer.
  expect: { poll: { timeout: 10_000 } },
  // On a machine that others use as well, a bound in milliseconds may be missed once. The report says so.
  retry: 1,
}

/** Options for tests that compare milliseconds. Other work of the machine has often ended a few seconds later. */
export const timed = { maxWorkers: 1, retry: { count: 2, delay: 3000 } } satisfies TestUserConfig

/** Tests that compare the delays on bad lines with the promise of each condition. */
export const EFFECTS = ['test/server/wire/effects.test.ts']

/** Tests on bad lines, which take long: `npm run test:lines`. */
export const LINES = ['test/server/lab/network.test.ts', 'test/server/wire/shared-presets.test.ts', ...EFFECTS]

/**
 * Tests of programs in separate processes, with signals, old versions of Node and full disks, and of what several servers
 * share through Redis: `npm run test:process`.
 */
export const PROCESSES = [
  'test/{ci,running}.test.ts',
  'test/lessons/classroom.test.ts',
  'test/{conformance,server/feed}/shared-presence.test.ts',
  'test/server/access/shared-limits.test.ts',
  'test/server/redis/{moderation,sessions}.test.ts',
  'test/server/{command,disk,launch,process,redis,redis-clocks,redis-failover,redis-faults,redis-killed,redis-losses}.test.ts',
  'test/server/between/preflight.test.ts',
  'test/server/comparison/program.test.ts',
  'test/server/http/logging.test.ts',
  'test/server/pages/{joined,vendored}.test.ts',
  'test/server/show/{attacks,class,hosts,program}.test.ts',
  'test/server/processes/{ending,serving,starting}.test.ts',
  'test/server/start/*.test.ts',
  'test/{claims,compare,compare/scenarios}/program.test.ts',
]

/** Tests of all pages in a browser, except for the lanes themselves: `npm run test:page`. */
export const PAGE = [
  'test/browser/{absence,between,board,board-line,busy,capacity,chat,choose,chromium,class,degraded,documents,dropped,engines,fits,head,history,inspector,join,ladder,lane-menu,lesson,lesson-pages,loading,looks,loopback,moderation,network,proxied,qr,sandbox,settings,sheet,single,stage,toy}.test.ts',
]

/** Tests of times. On two cores no other test may run beside them. */
const TIMED = [
  'test/browser/{capture,page}.test.ts',
  'test/server/transports/slow.test.ts',
  'test/server/wire/{wire,bend/link,bend/pipe}.test.ts',
  'test/web/**/*.test.ts',
]

/** Runs the longest file first, so that no worker waits for it at the end. In a fresh clone, Vitest would sort the files by size. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isFirst = ({ moduleId }: TestSpecification) => /\/(?:lessons|choose)\.test\.ts$/.test(moduleId)
    const sorted = await super.sort(files)
    return [...sorted.filter(isFirst), ...sorted.filter((file) => !isFirst(file))]
  }
}

export default defineConfig({
  test: {
    ...shared,
    sequence: { sequencer: LongestFirst },
    // The installation of a browser can take longer than the time limit of a test.
    globalSetup: ['test/browser/chromium.ts'],
    provide: { badLines: false },
    projects: [
      { extends: true, test: { ...timed, name: 'timed', include: TIMED, sequence: { groupOrder: 0 } } },
      {
        extends: true,
        test: {
          name: 'other',
          include: ['test/**/*.test.ts'],
          exclude: ['test/proxy/**', ...LINES, ...PAGE, ...PROCESSES, ...TIMED],
          // These tests wait for half of their time.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
