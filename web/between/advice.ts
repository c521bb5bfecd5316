/** What a finding of the preflight means for the people on the network, and which lines of the documents help. */
import type { Preflight } from '../../server/protocol/show.ts'
import type { Between } from '../lab/preflight.ts'
import { foundText, networkSentence } from '../lab/found.ts'
import { FALLBACKS, LABELS } from '../lane/order.ts'
import { transports } from '../transports/index.ts'

/** Returns what the findings mean for a person on this network. */
export function meaning(found: readonly Preflight[]): string {
  const works = (name: string): boolean => found.some((one) => one.transport === name && one.found === 'works')
  const best = FALLBACKS.find(works)
  if (best === undefined) return 'Nobody on this network can use this server.'
  if (best === FALLBACKS[0]) return 'Messages arrive at once, in both directions.'
  const when = transports[best].canPush ? 'at once' : 'late, by up to the time between two polls'
  return `Pages of Fourwire use ${LABELS[best]} here instead of ${LABELS[FALLBACKS[0] ?? best]}, so messages arrive ${when}.`
}

/** Returns one sentence about the server, or null if it is a Fourwire that does not refuse this page. */
export function serverSentence({ server }: Between, at: string, page: string): string | null {
  if (server.is === 'fourwire')
    return server.refuses === null
      ? null
      : `The server answers this check, but it refuses everything else from this page. ${server.refuses}`
  if (server.is === 'other') return `${at} answers, but it is not a Fourwire, or its version is too old for this check.`
  if (page.startsWith('https:') && at.startsWith('http:'))
    return `This page was opened over HTTPS, and a browser does not let it ask ${at} over HTTP. Open this page over HTTP, or give an https:// address.`
  return `${at} gives no answer that this page may read. It is away, the address is wrong, or it is not a Fourwire: only a Fourwire lets pages of every origin ask.`
}

/**
 * Patterns for the rows of the table in server/README.md that help with these findings. A row is about one problem, and
 * its first cell names the problem.
 */
export function rowsFor({ found, server }: Between): readonly RegExp[] {
  const fails = (name: string): boolean => found.some((one) => one.transport === name && one.found !== 'works')
  return ROWS.filter(({ of }) =>
    of === 'refuses' ? server.is === 'fourwire' && server.refuses !== null : fails(of),
  ).map(({ row }) => row)
}

export const ROWS: readonly { readonly of: Preflight['transport'] | 'refuses'; readonly row: RegExp }[] = [
  { of: 'ws', row: /^WebSocket behind/ },
  { of: 'sse', row: /^SSE behind a proxy that buffers/ },
  { of: 'long-poll', row: /^long polls behind a proxy that waits/ },
  { of: 'refuses', row: /^publishing and WebSocket from the page/ },
  { of: 'refuses', row: /^the public name behind/ },
]

/** Returns the whole report as text, for a message to the person who runs the network. */
export function reportText(between: Between, at: string, when: Date): string {
  const width = Math.max(...between.found.map(({ transport }) => LABELS[transport].length))
  return [
    `What is between me and ${at}, on ${when.toISOString()}`,
    `${networkSentence(between.found)} ${meaning(between.found)}`,
    ...between.found.map(
      (one) =>
        `${LABELS[one.transport].padEnd(width)}  ${foundText(one)}${one.ms === undefined ? '' : `, ${one.ms} ms`}`,
    ),
    ...(between.server.is === 'fourwire' ? [`Fourwire ${between.server.version}`] : []),
  ].join('\n')
}
