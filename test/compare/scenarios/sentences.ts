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

/** Returns sentences about the transports whose delays can be told; none for a scenario that the verdict itself judges. */
export function scenarioSentences(results: readonly ScenarioResult[]): readonly string[] {
  const told = results.filter(({ doubt }) => doubt === null)
  const storms = told.flatMap((one) => {
    const all = figuresOf(one, 'reconnect-storm')
    return all.length > 0 ? [{ transport: one.transport, all }] : []
  })
  const slow = told.flatMap((one) => {
    const all = figuresOf(one, 'slow-readers')
    return all.length > 0 ? [slowSentence(one.transport, all)] : []
  })
  return [...(storms.length > 0 ? [stormSentence(storms)] : []), ...slow]
}

interface StormResult {
  readonly transport: string
  readonly all: readonly StormFigures[]
}

function stormSentence(results: readonly StormResult[]): string {
  const texts = results.map(({ transport, all }) => {
    const missing = all.reduce((sum, { notReturned }) => sum + notReturned, 0)
    const live = secondsText(worstOf(all.map(({ allLiveMs }) => allLiveMs ?? 0)))
    const silence = secondsText(worstOf(all.map(({ silenceMs }) => silenceMs)))
    const end = missing > 0 ? `${countOf(missing, 'client')} did not return` : `all clients were live after ${live}`
    return `over ${transport} ${end}, and the longest silence of a client was ${silence}`
  })
  return `After the cut, ${texts.join('; ')}.`
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
