/** Words for what a preflight found. */
import type { TransportName } from '../../server/protocol/feed.ts'
import type { Preflight } from '../../server/protocol/show.ts'
import { LABELS } from '../lane/order.ts'

/** Returns the finding in a few words, such as `works`, `refused (504)` or `held back`. */
export function foundText({ found, status }: Preflight): string {
  if (found === 'refused') return status === undefined ? 'refused' : `refused (${status})`
  return found === 'held' ? 'held back' : found
}

/** Returns one sentence about the network: which transports get through, and which do not. */
export function networkSentence(found: readonly Preflight[]): string {
  const names = (which: (one: Preflight) => boolean) => found.filter(which).map(({ transport }) => LABELS[transport])
  const working = names((one) => one.found === 'works')
  if (working.length === found.length) return 'Everything gets through this network.'
  if (working.length === 0) return 'Nothing gets through this network.'
  const refused = names((one) => one.found === 'refused')
  const held = names((one) => one.found === 'held')
  const silent = names((one) => one.found === 'no answer')
  const parts = [
    ...(refused.length > 0 ? [`refuses ${listed(refused)}`] : []),
    ...(held.length > 0 ? [`holds ${listed(held)} back`] : []),
    ...(silent.length > 0 ? [`gives no answer to ${listed(silent)}`] : []),
  ]
  const isAre = working.length === 1 ? 'works' : 'work'
  return `This network ${listed(parts)}. ${listed(working)} ${isAre}.`
}

/** Returns the reason why another transport carries a lane, for example `SSE is held back here, so …`. */
export function fallbackSentence({ transport, found }: Preflight, carrier: TransportName): string {
  return `${LABELS[transport]} ${REASONS[found]} here, so ${LABELS[carrier]} carries this lane.`
}

const REASONS: Record<Preflight['found'], string> = {
  works: 'works',
  refused: 'is refused',
  held: 'is held back',
  'no answer': 'gets no answer',
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}
