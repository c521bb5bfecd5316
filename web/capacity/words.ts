/** Writes the results of the capacity page as sentences. */
import type { CapacityFigures } from '../measure/capacity-figures.ts'
import { CLIENTS_PER_PROCESS, FULL, MOST_PROCESSES, deliveryOf } from '../measure/capacity.ts'
import type { Capacity, CapacityLimit, CapacityPlan } from '../measure/capacity.ts'

/** Returns the sentence that stands first: how many processes are needed, or that none are enough. */
export function answerText({ processes, redisCore }: Capacity): string {
  if (processes === null) return 'No number of processes is enough for this workload.'
  if (redisCore > FULL) return 'One Redis is not enough for this workload.'
  return processes === 1
    ? 'One process is enough. It needs no Redis. The figures of Redis hold if it uses one.'
    : `${number(processes)} processes on one Redis are enough.`
}

/** Returns what happens first if the message rate grows, and what helps. */
export function firstLimitText({ limits, processes, redisCore }: Capacity): string {
  const isReceiving = limits.some(({ what, growth }) => what === 'receiving' && growth < 1)
  if (processes === null)
    return isReceiving
      ? `The core of each process is too busy from receiving alone. ${LIMITS.receiving}`
      : `Even with ${number(MOST_PROCESSES)} processes, each of them is too busy. The page computes with no more.`
  if (redisCore > FULL) return `The core of Redis is too busy already. ${LIMITS.redis}`
  const [first] = limits
  if (!first || !Number.isFinite(first.growth)) return 'Nothing is near its limit.'
  return `At ${times(first.growth)} this rate: ${SUBJECTS[first.what]} is ${percent(FULL)} busy. ${LIMITS[first.what]}`
}

const SUBJECTS: Readonly<Record<CapacityLimit['what'], string>> = {
  processes: 'the core of each process',
  receiving: 'the core of each process, from receiving alone,',
  redis: 'the core of Redis',
}

const LIMITS: Readonly<Record<CapacityLimit['what'], string>> = {
  processes: 'More processes help.',
  receiving: 'More processes do not help, because each of them receives every message of its rooms.',
  redis: 'More processes do not help, because all of them share one Redis, which uses one core.',
}

/** Returns a sentence for each way in which the workload is outside of what was measured. */
export function beyondTexts(plan: CapacityPlan, capacity: Capacity, figures: CapacityFigures): readonly string[] {
  const { processes, publishesPerSecond, deliveriesPerSecond } = capacity
  const mostProcesses = Math.max(...figures.loops.map((loop) => loop.processes))
  const mostPublishes = Math.max(...figures.loops.map((loop) => loop.publishesPerSecond))
  const mostDeliveries = figures.clients * figures.messagesPerSecond
  const shortest = figures.sizes[0] ?? 0
  const taken = processes ?? MOST_PROCESSES
  const texts = [
    deliveryOf(figures, plan.transport).isPoll &&
      'The measured long polls often brought several messages at once. If each brings one, a delivery costs more.',
    taken > mostProcesses && `No run had more than ${mostProcesses} processes.`,
    publishesPerSecond > mostPublishes &&
      `With 64 publishes at once, no median was higher than ${number(mostPublishes)} publishes per second.`,
    deliveriesPerSecond / taken > mostDeliveries &&
      `No run had more than ${number(mostDeliveries)} deliveries per second of one process.`,
    plan.clients / taken > figures.clients &&
      `A delivery was measured with ${number(figures.clients)} clients. One process was measured with at most ${number(CLIENTS_PER_PROCESS)} clients, by npm run bench:crowd.`,
    plan.bytes < shortest && `A text under ${shortest} bytes counts like one of ${shortest} bytes.`,
  ]
  return texts.filter((text) => text !== false)
}

/** Writes a number with at most three digits, because the model is not more exact. */
export const number = (value: number): string =>
  Number(value.toPrecision(3)).toLocaleString('en', { maximumFractionDigits: 3 })

/** Writes a share of a core. */
export function percent(share: number): string {
  if (share > 10) return 'more than 1,000 %'
  return `${share < 0.001 ? 'under 0.1' : number(share * 100)} %`
}

const times = (growth: number): string =>
  growth >= 1000 ? 'more than 1,000 times' : `${Number(growth.toPrecision(2)).toLocaleString('en')} times`
