/** The page's state in its address, so that a link opens the same view. What is as usual is left out. */
import type { TransportName } from '../../server/protocol.ts'
import { TRANSPORTS } from './order.ts'

export interface Address {
  readonly room: string
  readonly lanes: readonly TransportName[]
  readonly intervalMs: number
  readonly waitS: number
  /** Only where the address names it: the room's rate is the instructor's to set. */
  readonly ratePerSecond: number | null
  /** 1 is 80 pixels a second. */
  readonly zoom: number
  readonly theme: 'light' | 'dark' | null
  readonly open: Opened | null
  readonly table: boolean
}

/** What the drawer shows. */
export type Opened =
  | { readonly help: true }
  | { readonly settings: true }
  | { readonly network: true }
  /** Of one lane; 0 is whichever comes first. */
  | { readonly exchange: number; readonly of: TransportName }
  | { readonly code: TransportName; readonly side: 'server' | 'browser' }

export const INTERVALS_MS = [100, 250, 500, 1000, 2000, 5000]
export const WAITS_S = [5, 10, 25, 30]
export const RATES = [0.5, 1, 2, 5, 10, 20]
/** 20 pixels a second to 20 pixels a millisecond. */
export const ZOOMS = Array.from({ length: 11 }, (_, i) => 2 ** (i - 2))

const ROOM = /^[a-z0-9-]{1,32}$/

/** Reads a query string; whatever is no sensible value is as if it were not there. */
export function readAddress(search: string): Address {
  const query = new URLSearchParams(search)
  const room = query.get('room') ?? ''
  const lanes = TRANSPORTS.filter((name) => query.get('lanes')?.split(',').includes(name))
  const theme = query.get('theme')
  return {
    room: ROOM.test(room) ? room : 'lobby',
    lanes: lanes.length > 0 || query.get('lanes') === 'none' ? lanes : TRANSPORTS,
    intervalMs: oneOf(INTERVALS_MS, numberIn(query, 'poll') * 1000) ?? 1000,
    waitS: oneOf(WAITS_S, numberIn(query, 'wait')) ?? 25,
    ratePerSecond: oneOf(RATES, numberIn(query, 'rate')) ?? null,
    zoom: oneOf(ZOOMS, numberIn(query, 'zoom')) ?? 1,
    theme: theme === 'light' || theme === 'dark' ? theme : null,
    open: readOpened(query.get('open') ?? ''),
    table: query.get('view') === 'table',
  }
}

/** The query string of a state, with its `?`, or an empty one where all is as usual. */
export function writeAddress(address: Address): string {
  const query = new URLSearchParams()
  if (address.room !== 'lobby') query.set('room', address.room)
  if (address.lanes.length < TRANSPORTS.length) query.set('lanes', address.lanes.join(',') || 'none')
  if (address.intervalMs !== 1000) query.set('poll', String(address.intervalMs / 1000))
  if (address.waitS !== 25) query.set('wait', String(address.waitS))
  if (address.ratePerSecond !== null && address.ratePerSecond !== 1) query.set('rate', String(address.ratePerSecond))
  if (address.zoom !== 1) query.set('zoom', String(address.zoom))
  if (address.theme) query.set('theme', address.theme)
  // An exchange is over in a moment, and nobody else has it.
  if (address.open && !('exchange' in address.open)) query.set('open', openedText(address.open))
  if (address.table) query.set('view', 'table')
  // Commas and colons may stand in a query as they are, and a person reads them more easily.
  const text = query.toString().replaceAll('%2C', ',').replaceAll('%3A', ':')
  return text && `?${text}`
}

function numberIn(query: URLSearchParams, name: string): number {
  return Number.parseFloat(query.get(name) ?? '')
}

function oneOf(choices: readonly number[], value: number): number | undefined {
  return choices.find((choice) => choice === value)
}

function readOpened(text: string): Opened | null {
  if (text === 'help') return { help: true }
  if (text === 'settings') return { settings: true }
  if (text === 'network') return { network: true }
  const [name, side] = text.split(':')
  const code = TRANSPORTS.find((transport) => transport === name)
  if (!code) return null
  return { code, side: side === 'browser' ? 'browser' : 'server' }
}

function openedText(open: Exclude<Opened, { exchange: number }>): string {
  if ('code' in open) return `${open.code}:${open.side}`
  return 'help' in open ? 'help' : 'network' in open ? 'network' : 'settings'
}
