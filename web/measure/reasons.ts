/** Explains the advice for a workload: what each transport costs beside the advised one, and why some cannot do the task. */
import type { TransportName } from '../../server/protocol/feed.ts'
import { CLOSENESS, costOf, namesOf } from './advice.ts'
import type { Advice } from './advice.ts'
import type { ByTransport, Candidate, Predicted } from './choosing.ts'
import { isBuffered, isWithoutSockets } from './workload.ts'
import type { Workload } from './workload.ts'

/** Returns sentences about the transports that the advice does not choose, and about what the choice means. */
export function reasonsFor(
  all: ByTransport<Predicted>,
  { clients, idle, path, age }: Workload,
  candidates: ByTransport<Pick<Candidate, 'label' | 'kind' | 'canPush' | 'isHeldByProxy'>>,
  { transport, close }: Pick<Advice, 'transport' | 'close'>,
): readonly string[] {
  const names = namesOf(all)
  const labelOf = (name: TransportName): string => candidates[name].label
  const failing = names.flatMap((name) =>
    all[name].out === null ? [] : [`${labelOf(name)} cannot do this task. ${all[name].out}`],
  )
  if (transport === null)
    return [...failing, 'Allow a greater age, reduce the latency, or remove the obstacle from the network path.']
  const cost = costOf(all[transport])
  const sentences = [
    `${labelOf(transport)} costs ${rounded(cost)} bytes a second for each client, ${rounded(cost * clients)} in all.`,
  ]
  if (close.length > 1) sentences.push(CLOSENESS)
  for (const name of names)
    if (all[name].out === null && !close.includes(name))
      sentences.push(`${labelOf(name)} needs ${times(costOf(all[name]) / cost)} as many bytes.`)
  sentences.push(...failing)
  const brief = names.find((name) => !candidates[name].canPush && all[name].out === null)
  if (brief !== undefined)
    sentences.push(
      `${labelOf(brief)} makes ${rounded(all[brief].requestsPerSecond * clients)} requests a second in all, and keeps hardly any connection open. Each of the other transports keeps ${rounded(clients)} connections open.`,
    )
  const { kind, isHeldByProxy } = candidates[transport]
  if (kind === 'socket' && !isWithoutSockets(path))
    sentences.push('Some networks refuse WebSockets. There, the client has to fall back to SSE or long polling.')
  if (isHeldByProxy && !isBuffered(path))
    sentences.push('Some proxies hold a stream back. There, the client has to fall back to polling.')
  if (idle >= 50 && age >= 1)
    sentences.push(
      'The feed is quiet most of the time. A client that nobody looks at can close its connection, and later resume from its cursor.',
    )
  return sentences
}

const times = (factor: number): string => `${factor < 9.95 ? factor.toFixed(1) : Math.round(factor)} times`

export const rounded = (value: number): string =>
  value >= 1e6 ? `${(value / 1e6).toPrecision(3)} million` : Number(value.toPrecision(3)).toLocaleString('en')
