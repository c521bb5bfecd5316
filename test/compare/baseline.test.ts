import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { changesSince, readBaseline } from './baseline.ts'
import { readOptions } from './options.ts'
import { mannWhitneyP } from './significance.ts'

describe('the Mann-Whitney test', () => {
  test.each([
    [[1, 2, 3], [4, 5, 6], 2 / 20],
    [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], 2 / 252],
    [[6, 7, 8, 9, 10], [1, 2, 3, 4, 5], 2 / 252],
    [[1, 4], [2, 3], 1],
    [[1, 1, 1], [1, 1], 1],
    // R: wilcox.test(c(1, 3, 5, 7), c(2, 4, 6, 8, 10), exact = TRUE)
    [[1, 3, 5, 7], [2, 4, 6, 8, 10], 0.4127],
  ])('of %j and %j has the exact p %d', (one, other, p) => {
    expect(mannWhitneyP(one, other)).toBeCloseTo(p, 4)
  })

  test('rejects equal distributions no more often than its level (seed 5)', () => {
    let state = 5
    const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
    const sample = (): number[] => Array.from({ length: 6 }, random)
    const rejected = Array.from({ length: 2000 }, () => mannWhitneyP(sample(), sample())).filter((p) => p < 0.05).length
    expect(rejected).toBeGreaterThan(40)
    expect(rejected).toBeLessThan(120)
  })
})

describe('a baseline', () => {
  const WORKLOAD = {
    adapter: 'fourwire',
    clients: 100,
    rate: 10,
    bytes: 100,
    seconds: 5,
    warmup: 1,
    interval: 1,
    wait: 25,
  }
  let file: string
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fourwire-baseline-'))
    file = join(folder, 'baseline.json')
    return () => rm(folder, { recursive: true })
  })

  test.each([
    ['{', 'which cannot be read: '],
    ['{"workload":null,"results":[]}', 'which is no report. Give a file that --json has written.'],
    [
      JSON.stringify({ workload: { ...WORKLOAD, bytes: 1000 }, results: [] }),
      'and its --size was 1000 instead of 100. Use the same options.',
    ],
    ['[]', 'which is no report. Give a file that --json has written.'],
    [
      JSON.stringify({ workload: { ...WORKLOAD, rate: 20 }, results: [] }),
      'and its --rate was 20 instead of 10. Use the same options.',
    ],
    [
      JSON.stringify({ workload: { ...WORKLOAD, rtt: 80 }, results: [] }),
      'and its --rtt was 80 instead of 0. Use the same options.',
    ],
    [
      JSON.stringify({ workload: { ...WORKLOAD, scenario: 'burst', burst: 20 }, results: [] }),
      'and its scenario was "burst: 20 messages at a time, at random moments, with the same mean rate" instead of "steady: the rate does not change". Use the same options.',
    ],
  ])('of %j is refused', async (content, sentence) => {
    await writeFile(file, content)
    expect(() => baseline()).toThrow(`--baseline is "${file}", ${sentence}`)
  })

  test('shows each changed figure with the p value of the change', async () => {
    await report([10, 11, 12, 13, 14], [20, 21, 22, 23, 24])
    const [sentence] = changesSince(baseline(), baselineOf([20, 21, 22, 23, 24], [20, 21, 22, 23, 24]).results)
    expect(sentence).toBe(
      'Since the baseline, sse: p50 12.0 → 22.0 ms, slower (p = 0.008); CPU 22.0 → 22.0 µs, no difference (p = 1.000).',
    )
  })

  test('shows no change if there are too few repetitions or the new measurement is in doubt', async () => {
    await report([10, 11, 12, 13], [20, 21, 22, 23])
    const after = baselineOf([20, 21, 22, 23, 24], [20, 21, 22, 23, 24]).results
    expect(changesSince(baseline(), after)[0]).toContain(
      'p50 11.5 → 22.0 ms, too few repetitions to tell (5 are needed)',
    )
    expect(
      changesSince(
        baseline(),
        after.map((one) => ({ ...one, doubt: 'Busy.' })),
      )[0],
    ).toContain('p50 cannot be told')
  })

  test('reports a transport that it does not contain', async () => {
    await writeFile(file, JSON.stringify({ workload: WORKLOAD, results: [] }))
    expect(changesSince(baseline(), baselineOf([1], [1]).results)).toEqual(['sse is not in the baseline.'])
  })

  const baseline = () => {
    const options = readOptions([])
    if (!options) throw new Error('There are no options.')
    return readBaseline(file, options)
  }

  const report = (p50: number[], cpuUs: number[]) =>
    writeFile(file, JSON.stringify({ workload: WORKLOAD, results: [resultOf(p50, cpuUs)] }))

  /** Reads a report with these results, so that it has the right type. */
  function baselineOf(p50: number[], cpuUs: number[]): ReturnType<typeof readBaseline> {
    return JSON.parse(JSON.stringify({ workload: WORKLOAD, results: [resultOf(p50, cpuUs)] }))
  }

  const resultOf = (p50: number[], cpuUs: number[]) => ({
    transport: 'sse',
    doubt: null,
    each: p50.map((ms, i) => ({ p50: ms, p95: null, p99: null, cpuUs: cpuUs[i], bytes: null })),
  })
})
