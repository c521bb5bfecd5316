import { defineConfig } from 'vitest/config'
import { shared } from '../vitest.config.ts'
import { DEPTH, depthFrom } from './depth.ts'
import type { Depth } from './depth.ts'

/** These proofs make the machine busy or use all of it, so they run alone. */
const BUSY = ['test/lessons/{matrix,trouble}.proof.ts']

const given = process.env[DEPTH]
const depth: Depth = given === undefined ? depthFrom([]).depth : JSON.parse(given)

/** Long proof of the lessons: it judges every wrong and every right program, and tests the sandbox with the solutions in it. */
export default defineConfig({
  test: {
    ...shared,
    globalSetup: [],
    testTimeout: 240_000,
    provide: { depth },
    projects: [
      { extends: true, test: { name: 'busy', include: BUSY, sequence: { groupOrder: 0 } } },
      {
        extends: true,
        test: {
          name: 'other',
          include: ['test/lessons/*.proof.ts'],
          exclude: BUSY,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
