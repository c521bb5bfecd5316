/** Times at which a scenario publishes its messages. */
import { meanRateOf } from './scenarios/scenario.ts'
import type { ScenarioOptions } from './scenarios/scenario.ts'
import { scheduleOf } from './publishing.ts'

type Workload = ScenarioOptions & { readonly rate: number; readonly warmup: number; readonly seconds: number }

/** Returns times in ms from the start of the warm-up, smallest first. */
export function scenarioSchedule(workload: Workload, random: () => number): readonly number[] {
  const { scenario, rate, warmup, seconds } = workload
  if (scenario === 'burst') return bursts(workload, random)
  if (scenario === 'ramp') return ramp(workload, random)
  return scheduleOf(rate, warmup + seconds, random)
}

/** Each burst is at a random moment of an interval, and the intervals follow each other. */
function bursts({ rate, warmup, seconds, burst }: Workload, random: () => number): readonly number[] {
  const part = (forS: number): readonly number[] =>
    scheduleOf(rate / burst, forS, random).flatMap((ms) => Array.from({ length: burst }, () => ms))
  // Without a whole interval in the warm-up there is no burst: its moment could be after the end of the warm-up.
  const before = warmup * rate >= burst ? part(warmup) : []
  return [...before, ...part(seconds).map((ms) => warmup * 1000 + ms)]
}

/** The warm-up has the first rate. After it, the rate grows in proportion to the time. */
function ramp(workload: Workload, random: () => number): readonly number[] {
  const { rate, rateTo, warmup, seconds } = workload
  const growth = (rateTo - rate) / seconds
  const count = Math.round(meanRateOf(workload) * seconds)
  const before = warmup * rate >= 1 ? scheduleOf(rate, warmup, random) : []
  // After t seconds, rate * t + growth * t * t / 2 messages are sent. This is the t for a number of messages.
  const atS = (sent: number): number => (Math.sqrt(rate * rate + 2 * growth * sent) - rate) / growth
  return [...before, ...Array.from({ length: count }, (_, i) => 1000 * (warmup + atS(i + random())))]
}
