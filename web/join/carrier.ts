/** Chooses the transport that carries a seat's one lane. */
import type { TransportName } from '../../server/protocol/feed.ts'
import type { Preflight } from '../../server/protocol/show.ts'
import { fallbackSentence } from '../lab/found.ts'
import { FALLBACKS } from '../lane/order.ts'

export interface Carrier {
  readonly transport: TransportName
  /** Sentence that says why this is not the dealt transport; null if it is. */
  readonly why: string | null
}

/**
 * Returns the dealt transport if it gets through, otherwise the best worse one that does. If none does, nothing would
 * be better than the dealt one. `isTroubled`: true if the dealt transport's lane itself fails. Only then a probe without
 * an answer counts, because a probe on a slow network may just be late.
 */
export function carrierFor(dealt: TransportName, found: readonly Preflight[], isTroubled: boolean): Carrier {
  const of = (name: TransportName) => found.find(({ transport }) => transport === name)
  const own = of(dealt)
  if (!own || own.found === 'works' || (own.found === 'no answer' && !isTroubled))
    return { transport: dealt, why: null }
  const below = FALLBACKS.slice(FALLBACKS.indexOf(dealt) + 1)
  const better = below.find((name) => of(name)?.found === 'works')
  return better === undefined
    ? { transport: dealt, why: null }
    : { transport: better, why: fallbackSentence(own, better) }
}
