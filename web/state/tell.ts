/** The sentences of the status line. */
import type { Cut } from '../../server/protocol.ts'
import { LABELS } from './labels.ts'
import type { Lane } from './lane.ts'

export const told = {
  clear: 'Figures start again.',
  allAgain: 'All four again, each from where the page stands.',
  queued:
    'Requests are queued in the browser: it opens six connections to one host, for all its tabs together. Close other tabs of this page, or switch a lane off.',
  instructor: 'You are the instructor now, in this tab.',
  noLab: 'No clock: the lab’s WebSocket did not open. Messages arrive; their delays are not known.',
  cut: (how: Cut): string => `${CUTS[how]} Each lane comes back from its own cursor.`,
  dropped: (lane: Lane, reason: string): string =>
    `${LABELS[lane.name]} was dropped by the server: ${reason}. It comes back from its cursor.`,
  restart: 'The server restarts: nobody is there for a moment, then a network that is left alone. The cursors stay.',
  neutral: 'The network is left alone again. All lanes came back through it; figures start again.',
  firewall: 'WebSocket upgrades are refused now (403). The other three do not notice. Figures start again.',
  network: (name: string): string => `${name}. All lanes came back through the new wire; figures start again.`,
  rate: (perSecond: number): string =>
    `${perSecond === 0.5 ? '½' : perSecond} ${perSecond === 1 ? 'message' : 'messages'} a second. Figures start again.`,
  interval: (ms: number): string => `Figures start again: asks every ${ms / 1000} s.`,
  wait: (s: number): string => `Figures start again: holds up to ${s} s.`,
  jump: (ms: number): string =>
    `${(Math.abs(ms) / 1000).toFixed(1)} s passed that this page did not see. All lanes came back from their cursors.`,
  alone: (lane: Lane): string => `${LABELS[lane.name]} alone. The cursor went over: ${proof(lane)}.`,
  switched: (lane: Lane): string =>
    lane.on ? `${LABELS[lane.name]} on again, from the same cursor: ${proof(lane)}.` : `${LABELS[lane.name]} off.`,
  back: (lane: Lane): string => `${LABELS[lane.name]} is back: ${proof(lane)}.`,
  trouble: ({ name, state }: Lane): string =>
    `${LABELS[name]}: ${state.is === 'reconnecting' ? state.trouble.replace(/\.$/, '') : state.is}.`,
  gap: (lane: Lane, first: number | null, last: number | null): string =>
    `${LABELS[lane.name]}: ${first === null ? 'the feed began anew; what came before it is no longer kept' : `gap ${first}–${last}, no longer kept`}.`,
}

const CUTS: Record<Cut, string> = {
  RST: 'All connections cut.',
  FIN: 'All connections ended, as if the server had said goodbye.',
  'black hole': 'All connections lead nowhere now, and nobody is told.',
}

function proof({ ledger }: Lane): string {
  const { lost, duplicated } = ledger.counts
  return `${lost} lost, ${duplicated} doubled`
}
