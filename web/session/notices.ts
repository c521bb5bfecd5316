/** Sentences that the status line shows. */
import type { Cut } from '../../server/protocol/lab.ts'
import { LABELS } from '../lane/order.ts'
import type { Lane } from '../lane/lane.ts'

export const notices = {
  clear: 'The figures start again.',
  arranged: 'The lanes are as they were before.',
  allAgain: 'All lanes are on again. Each continues at the page’s cursor.',
  queued:
    'Requests wait in the browser, because it opens only six connections to one host for all its tabs together. Close other tabs of this page, or switch a lane off.',
  instructor: 'You are the instructor now, in this tab.',
  noLab: 'There is no clock yet, because the lab has not answered. The lanes work, but their delays are unknown.',
  cut: (how: Cut): string => `${CUTS[how]} Each lane reconnects from its own cursor.`,
  dropped: (lane: Lane, reason: string): string =>
    `The server dropped ${LABELS[lane.name]}: ${reason}. The lane reconnects from its cursor.`,
  restart:
    'The server restarts: it refuses everybody for a moment, and then removes all network conditions. The cursors stay valid.',
  firewall:
    'WebSocket upgrades are refused now (403). All transports over plain HTTP continue. The figures start again.',
  network: (name: string): string => `${name}. The lanes reconnect, and the figures start again.`,
  networkBack: (name: string): string => `${name}. All lanes have reconnected, and the figures start again.`,
  allBack: (lanes: readonly Lane[]): string => `All lanes have reconnected from their cursors: ${proofOf(lanes)}.`,
  rate: (perSecond: number): string =>
    perSecond === 0
      ? 'The metronome is silent: a message comes only if somebody publishes one. The figures start again.'
      : `${perSecond === 0.5 ? '½' : perSecond} ${perSecond === 1 ? 'message' : 'messages'} a second. The figures start again.`,
  setting: (verb: string, seconds: number): string => `The figures start again: ${verb} ${seconds} s.`,
  busy: (ms: number): string =>
    `This computer was busy: this page did not run for about ${seconds(ms)}. Messages of that time are not measured.`,
  slept: (ms: number): string =>
    `This computer slept for about ${seconds(Math.abs(ms))}. The lanes reconnect from their cursors.`,
  unanswered: 'The server does not answer. The lanes reconnect from their cursors.',
  alone: (lane: Lane): string => `Only ${LABELS[lane.name]} is on. It continues at the same cursor: ${proof(lane)}.`,
  switched: (lane: Lane): string =>
    lane.on
      ? `${LABELS[lane.name]} is on and continues at the page’s cursor: ${proof(lane)}.`
      : `${LABELS[lane.name]} is off.`,
  added: (lane: Lane): string => `${LABELS[lane.name]} is on the page, and starts at the page’s cursor.`,
  takenOff: (lane: Lane): string => `${LABELS[lane.name]} is no longer on the page.`,
  back: (lane: Lane): string => `${LABELS[lane.name]} is back: ${proof(lane)}.`,
  trouble: ({ name, state }: Lane): string =>
    `${LABELS[name]}: ${state.is === 'reconnecting' ? state.trouble.replace(/\.$/, '') : state.is}.`,
  gap: (lane: Lane, first: number | null, last: number | null): string =>
    `${LABELS[lane.name]}: ${first === null ? 'the feed does not know this cursor, because the feed is new or has lost its latest events. The lane continues with the earliest event' : `the server no longer keeps the events ${first}–${last}`}.`,
}

const CUTS: Record<Cut, string> = {
  RST: 'All connections were cut.',
  FIN: 'All connections were ended politely, as by a server that stops.',
  'black hole': 'All connections lose every byte now, and neither side notices it.',
}

function proof(lane: Lane): string {
  return proofOf([lane])
}

function proofOf(lanes: readonly Lane[]): string {
  const sum = (name: 'lost' | 'duplicated'): number => lanes.reduce((all, { ledger }) => all + ledger.counts[name], 0)
  return `${sum('lost')} lost, ${sum('duplicated')} doubled`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`
}
