/** A reconnect storm: how fast all clients return, what they miss, and what the publisher notices. */
import type { Published } from '../publishing.ts'
import type { Samples } from '../samples.ts'
import { middleText, sumText, typicalText } from './columns.ts'
import type { ScenarioColumn } from './columns.ts'
import { quantileIn } from './deliveries.ts'
import type { FleetOutcome } from './outcome.ts'

export interface StormFigures {
  readonly name: 'reconnect-storm'
  /** From the cut until the last client was live again; null if a client has not returned. */
  readonly allLiveMs: number | null
  readonly notReturned: number
  /** 19 of 20 clients were live within this time after their first try; null if none has returned. */
  readonly connectMs: number | null
  /** Number of tries that failed. */
  readonly retries: number
  /** Longest time in which a client received nothing, if it ended after the cut. */
  readonly silenceMs: number
  /** 19 of 20 publishes were confirmed within this time; null if the adapter does not wait for a confirmation. */
  readonly publishBeforeMs: number | null
  /** The same for the publishes from the cut until all clients were live. */
  readonly publishDuringMs: number | null
  readonly publishMaxMs: number | null
  readonly refused: number
}

export interface StormInput {
  readonly outcomes: readonly FleetOutcome[]
  /** Messages of the measured time. */
  readonly messages: readonly Published[]
  readonly samples: readonly Samples[]
  readonly clients: number
  readonly fromMs: number
  readonly cutAtMs: number
  readonly endMs: number
  /** True if the adapter waits for the server's confirmation of each publish. */
  readonly isConfirmed: boolean
}

export function stormFigures(input: StormInput): StormFigures {
  const { outcomes, messages, clients, cutAtMs, endMs, isConfirmed } = input
  const storms = outcomes.flatMap(({ storm }) => storm ?? [])
  const liveAfterMs = storms.flatMap(({ liveAfterMs }) => liveAfterMs)
  const notReturned = clients - liveAfterMs.length
  const lastMs = liveAfterMs.reduce((a, b) => Math.max(a, b), 0)
  const liveAtMs = notReturned > 0 ? endMs : cutAtMs + lastMs
  const before = confirmations(messages.filter(({ sentMs }) => sentMs < cutAtMs))
  const during = messages.filter(({ sentMs }) => sentMs >= cutAtMs && sentMs < liveAtMs)
  const connectMs = Float32Array.from(storms.flatMap(({ connectMs }) => connectMs)).sort()
  const known = <Value>(value: Value): Value | null => (isConfirmed ? value : null)
  return {
    name: 'reconnect-storm',
    allLiveMs: notReturned > 0 ? null : lastMs,
    notReturned,
    connectMs: quantileIn(connectMs, 0.95),
    retries: storms.reduce((sum, { retries }) => sum + retries, 0),
    silenceMs: longestSilenceMs(input),
    publishBeforeMs: known(quantileIn(before, 0.95)),
    publishDuringMs: known(quantileIn(confirmations(during), 0.95)),
    publishMaxMs: known(quantileIn(confirmations(during), 1)),
    refused: during.filter(({ refusal }) => refusal !== null).length,
  }
}

const confirmations = (messages: readonly Published[]): Float32Array =>
  Float32Array.from(
    messages.flatMap(({ sentMs, confirmedMs }) => (confirmedMs === null ? [] : [confirmedMs - sentMs])),
  ).sort()

/** A client that receives nothing after the cut is silent until the end. */
function longestSilenceMs({ samples, clients, fromMs, cutAtMs, endMs }: StormInput): number {
  const lastMs = new Float64Array(clients).fill(fromMs)
  let longestMs = 0
  const note = (client: number, atMs: number): void => {
    if (atMs >= cutAtMs) longestMs = Math.max(longestMs, atMs - (lastMs[client] ?? atMs))
    lastMs[client] = Math.max(lastMs[client] ?? 0, atMs)
  }
  for (const { length, client, atMs } of samples) for (let i = 0; i < length; i++) note(client[i] ?? 0, atMs[i] ?? 0)
  for (let client = 0; client < clients; client++) note(client, endMs)
  return longestMs
}

export const stormColumns: readonly ScenarioColumn<StormFigures>[] = [
  { title: 'all live after ms', text: (all) => typicalText(all.map(({ allLiveMs }) => allLiveMs)) },
  { title: 'not returned', text: (all) => sumText(all.map(({ notReturned }) => notReturned)) },
  { title: 'failed tries', text: (all) => sumText(all.map(({ retries }) => retries)) },
  { title: 'connecting p95 ms', isDelay: true, text: (all) => middleText(all.map(({ connectMs }) => connectMs)) },
  { title: 'longest silence ms', text: (all) => typicalText(all.map(({ silenceMs }) => silenceMs)) },
  {
    title: 'publish p95 ms before',
    isDelay: true,
    text: (all) => middleText(all.map(({ publishBeforeMs }) => publishBeforeMs)),
  },
  {
    title: 'publish p95 ms during',
    isDelay: true,
    text: (all) => middleText(all.map(({ publishDuringMs }) => publishDuringMs)),
  },
  { title: 'refused', text: (all) => sumText(all.map(({ refused }) => refused)) },
]

export const STORM_NOTE = `Times are those of the repetition in the middle, and "up to" is the greatest of all repetitions.
all live: from the cut until the last client was live. A poll is live when its first response has arrived.
connecting: from a client's first try until it is live. longest silence: the longest time in which a client received nothing.
publish: from the sending of a message to its confirmation, before the cut, and from the cut until all clients were live.
lost and doubled in the first table show whether the clients have missed messages or received them twice.`
