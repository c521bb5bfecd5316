/** What a scenario adds to the verdict. */
import { median } from '../median.ts'
import { countOf, msText } from '../words.ts'
import { figuresOf } from './figures.ts'
import type { ScenarioResult } from './figures.ts'
import type { SlowFigures } from './slow.ts'
import type { StormFigures } from './storm.ts'

/** People notice no smaller difference between two delays. */
const NOTICED_MS = 5
/** On a busy machine, p95 of a few seconds changes by this share without a cause. */
const NOTICED_SHARE = 0.5

/** Returns a sentence for each transport whose delays can be told; none for a scenario that the verdict itself judges. */
export function scenarioSentences(results: readonly ScenarioResult[]): readonly string[] {
  return results.flatMap((result) => {
    const { transport, doubt } = result
    const storms = figuresOf(result, 'reconnect-storm')
    const slow = figuresOf(result, 'slow-readers')
    if (doubt !== null) return []
    if (storms.length > 0) return [stormSentence(transport, storms)]
    return slow.length > 0 ? [slowSentence(transport, slow)] : []
  })
}

function stormSentence(transport: string, all: readonly StormFigures[]): string {
  const missing = all.reduce((sum, { notReturned }) => sum + notReturned, 0)
  const silence = `the longest silence of a client was ${secondsText(worstOf(all.map(({ silenceMs }) => silenceMs)))}`
  return missing > 0
    ? `After the cut, ${countOf(missing, 'client')} of ${transport} did not return; ${silence}.`
    : `After the cut, all clients of ${transport} were live within ${secondsText(worstOf(all.map(({ allLiveMs }) => allLiveMs ?? 0)))}; ${silence}.`
}

function slowSentence(transport: string, all: readonly SlowFigures[]): string {
  const before = median(all.flatMap(({ beforeMs }) => beforeMs ?? []))
  const during = median(all.flatMap(({ duringMs }) => duringMs ?? []))
  const dropped = all.reduce((sum, one) => sum + one.dropped, 0)
  const grownMs = during - before
  const isNoticed = grownMs >= NOTICED_MS && grownMs >= NOTICED_SHARE * before
  const change = `p95 ${msText(before)} ms before and ${msText(during)} ms during the pause`
  return `Over ${transport}, the other clients ${isNoticed ? 'suffer from' : 'do not notice'} the slow ones (${change}); the server dropped ${countOf(dropped, 'slow client')}.`
}

const worstOf = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), 0)

const secondsText = (ms: number): string => `${(ms / 1000).toFixed(2)} s`
