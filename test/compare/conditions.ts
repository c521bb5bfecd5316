/** Conditions of the network between the clients and the server, which a relay imitates. */
import type { Conditions } from '../../server/protocol/lab.ts'
import { NEUTRAL } from '../../server/wire/bend/ranges.ts'

/** The values 0 switch a condition off. */
export interface NetworkOptions {
  /** Round trip in ms. */
  readonly rtt: number
  /** Greatest random delay of a packet in ms, in each direction. */
  readonly jitter: number
  /** Share of the packets that are lost in each direction, in percent. */
  readonly loss: number
  /** Rate of each connection in each direction, in kbit/s. */
  readonly bandwidth: number
}

export const isChanged = ({ rtt, jitter, loss, bandwidth }: NetworkOptions): boolean =>
  rtt + jitter + loss + bandwidth > 0

export const conditionsOf = ({ rtt, jitter, loss, bandwidth }: NetworkOptions): Conditions => ({
  ...NEUTRAL,
  latencyMs: rtt / 2,
  jitterMs: jitter,
  lossRate: loss / 100,
  bandwidthBytesPerSecond: (bandwidth * 1000) / 8,
})

/** Mean round trip that the conditions add, without losses. A packet waits half of the jitter in each direction. */
export const meanRoundTripMs = ({ rtt, jitter }: NetworkOptions): number => rtt + jitter

/** Linux waits at least this time before it sends a packet again. */
const RETRANSMISSION_MS = 200
/** A packet that is lost four times in a row arrives 1 + 2 + 4 + 8 timeouts later. */
const FOUR_LOSSES = 15

/** Longest time for which a packet is likely to be under way. */
export const longestDelayMs = ({ rtt, jitter, loss }: NetworkOptions): number =>
  rtt + jitter + (loss > 0 ? FOUR_LOSSES * (RETRANSMISSION_MS + rtt) : 0)

/** Describes the conditions in sentences. */
export function conditionsText(network: NetworkOptions): string {
  const { rtt, jitter, loss, bandwidth } = network
  if (!isChanged(network)) return 'as it is'
  const parts = [
    ...(rtt > 0 ? [`a round trip of ${rtt} ms`] : []),
    ...(jitter > 0 ? [`up to ${jitter} ms of jitter in each direction`] : []),
    ...(loss > 0 ? [`${loss} % of the packets lost in each direction`] : []),
    ...(bandwidth > 0 ? [`${bandwidth} kbit/s for each connection and direction`] : []),
  ]
  const lost =
    loss > 0
      ? ` A lost packet delays its connection, as TCP does when it sends the packet again: by ${RETRANSMISSION_MS} ms and a round trip, and by twice as much for each further loss.`
      : ''
  return `${parts.join(', ')}.${lost} A relay between the clients and the server imitates this. The publisher does not use the relay.`
}
