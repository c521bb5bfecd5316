/**
 * Gives the advice for a workload, by the rule of lesson 17: remove every transport that fails, and take the cheapest of
 * the others; if two are close, take the one that is simpler to run. Before that, it asks whether any transport is
 * needed.
 */
import type { TransportName } from '../../server/protocol/feed.ts'
import type { ByTransport, Candidate, Predicted } from './choosing.ts'
import { spanText } from './plan.ts'
import type { Workload } from './workload.ts'

/** Sentence of lesson 17. */
export const RULE = 'If two are close, take the one that is simpler to run.'

/** A transport whose cost is at most this many times the least cost is close to the cheapest one. */
export const CLOSE = 1.25
/** Differences that are smaller than both of these do not matter: 2 MB a day for a client, and 10 Mbit/s at the server. */
const SMALL_PER_CLIENT = 2e6 / 86_400
const SMALL_IN_ALL = 1e7 / 8

export const CLOSENESS =
  'Two costs are close if they differ by at most a quarter, or by less than 2 MB a day for each client and 10 Mbit/s in all. Smaller differences do not matter, because the headers of TCP and IP are not in these figures and make a larger difference.'

/** If messages may be this old, a page needs no connection and no poll. */
const RELOAD_S = 300

export interface Advice {
  /** `none`: no transport can do the task. `push`, `reload` and `queue`: something else fits better. */
  readonly is: 'transport' | 'push' | 'reload' | 'queue' | 'none'
  /** The simplest of the close transports; null if no transport can do the task. */
  readonly transport: TransportName | null
  /** Transports that can do the task and whose cost is close to the least cost, in the order of the page. */
  readonly close: readonly TransportName[]
  readonly answer: string
  /** The reason, as one sentence. */
  readonly because: string
}

type Facts = Pick<Candidate, 'label' | 'kind' | 'simplicityRank'>

export function adviceFor(all: ByTransport<Predicted>, workload: Workload, candidates: ByTransport<Facts>): Advice {
  const close = closeOf(all, workload)
  const transport = close.toSorted((one, other) => candidates[one].simplicityRank - candidates[other].simplicityRank)[0]
  const found = { transport: transport ?? null, close }
  const { readers, age, speaks } = workload
  const isByPost = transport !== undefined && speaks && candidates[transport].kind !== 'socket'
  const name = transport === undefined ? null : candidates[transport].label + (isByPost ? ' with POST to write' : '')
  if (readers === 'servers')
    return {
      ...found,
      is: 'queue',
      answer: 'None of these: a message queue',
      because:
        'A queue keeps each message until a program has confirmed it, and shares the work among several programs; a transport for browsers does neither.',
    }
  if (readers === 'phones')
    return {
      ...found,
      is: 'push',
      answer: name === null ? 'Web Push' : `Web Push; while the page is open, ${name}`,
      because:
        'A phone that sleeps suspends the page and its connection, and only the push service of the phone’s maker can wake it.',
    }
  if (age >= RELOAD_S)
    return {
      ...found,
      is: 'reload',
      answer: `None of these: a plain GET when the page opens and then every ${spanText(age)}, with an ETag and Cache-Control`,
      because: `News that may be ${spanText(age)} old needs no connection: with max-age, a cache serves many readers, and with an ETag, unchanged news costs one short response (304).`,
    }
  if (name === null || transport === undefined)
    return {
      ...found,
      is: 'none',
      answer: 'No transport can do this task',
      because: 'Each transport fails for a reason that the list below gives.',
    }
  const able = namesOf(all).filter((each) => all[each].out === null)
  const { label } = candidates[transport]
  const because =
    able.length === 1
      ? `${label} is the only transport that can do the task.`
      : close.length === 1
        ? `${label} costs clearly the least of the ${able.length} transports that can do the task.`
        : `${list(close.map((each) => candidates[each].label))} cost about the same, and ${label} is the simplest of them to run.`
  return { ...found, is: 'transport', answer: name, because }
}

/** Bytes a second that one client costs, in both directions, with the messages that it writes. */
export const costOf = ({ bytesPerSecond, writingPerSecond }: Predicted): number => bytesPerSecond + writingPerSecond

/** Returns the transports that can do the task and whose cost is close to the least cost. */
function closeOf(all: ByTransport<Predicted>, { clients }: Workload): readonly TransportName[] {
  const able = namesOf(all).filter((name) => all[name].out === null)
  const least = Math.min(...able.map((name) => costOf(all[name])))
  return able.filter((name) => isClose(costOf(all[name]), least, clients))
}

export function isClose(bytesPerSecond: number, least: number, clients: number): boolean {
  const more = bytesPerSecond - least
  return bytesPerSecond <= CLOSE * least || (more < SMALL_PER_CLIENT && more * clients < SMALL_IN_ALL)
}

export const namesOf = (all: ByTransport<unknown>): readonly TransportName[] => Object.keys(all) as TransportName[]

export const list = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
