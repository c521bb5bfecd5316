/** Keeps the page's state in its address, so that a link opens the same view. The address leaves out usual values. */
import type { TransportName } from '../../server/protocol/feed.ts'
import { SETTINGS, TRANSPORTS, USUAL, USUAL_SETTINGS } from '../lane/order.ts'
import type { SettingName } from '../transports/transport.ts'
import { ruleOf, troubleIn, wordRule, wordsOf } from './address-rules.ts'
import type { AddressRule } from './address-rules.ts'

export interface Address extends Readonly<Record<SettingName, number>> {
  readonly room: string
  /** Transports whose lanes are on the page. */
  readonly lanes: readonly TransportName[]
  /** Transports whose lanes are on the page but switched off. */
  readonly off: readonly TransportName[]
  /**
   * Message rate that the address asks for; null if the address names no rate. Only the instructor can set the room's
   * rate.
   */
  readonly ratePerSecond: number | null
  /** Zoom factor of the time axis. Factor 1 means 80 pixels a second. */
  readonly zoom: number
  readonly theme: 'light' | 'dark' | null
  readonly open: DrawerContent | null
  /**
   * The figures as a table; or only the lanes, their typical delays and the verdict, large enough for the back row; or
   * null for the usual view.
   */
  readonly view: (typeof VIEWS)[number] | null
  /** True if the page hides chat messages, for example on a projector. */
  readonly isChatHidden: boolean
}

/** What the drawer shows. */
export type DrawerContent =
  | { readonly help: true }
  | { readonly settings: true }
  | { readonly network: true }
  /** The class: its people and their messages. Only the instructor sees it. */
  | { readonly people: true }
  /** An exchange of one lane. 0 means the first exchange that the page learns of. */
  | { readonly exchange: number; readonly transport: TransportName }
  | { readonly code: TransportName; readonly side: 'server' | 'browser' }

const VIEWS = ['table', 'large'] as const

/** Rates of the metronome, in messages per second. At 0 the metronome is silent. */
export const RATES = [0, 0.5, 1, 2, 5, 10, 20]
/** Possible zoom factors, from 20 pixels a second to 20 pixels a millisecond. */
export const ZOOMS = Array.from({ length: 11 }, (_, i) => 2 ** (i - 2))

const ROOM = /^[a-z0-9-]{1,32}$/

/** Reads the state from a query string. A value that is not valid is ignored. */
export function readAddress(search: string): Address {
  const query = new URLSearchParams(search)
  const room = query.get('room') ?? ''
  const named = listed(query, 'lanes')
  const lanes = named.length > 0 ? named : USUAL
  const off = listed(query, 'off').filter((name) => lanes.includes(name))
  const theme = query.get('theme')
  return {
    room: ROOM.test(room) ? room : 'lobby',
    lanes,
    // In older links, `lanes=none` means that all lanes are off.
    off: query.get('lanes') === 'none' ? lanes : off,
    ...readSettings(query),
    ratePerSecond: oneOf(RATES, numberIn(query, 'rate')) ?? null,
    zoom: oneOf(ZOOMS, numberIn(query, 'zoom')) ?? 1,
    theme: theme === 'light' || theme === 'dark' ? theme : null,
    open: readOpened(query.get('open') ?? ''),
    view: VIEWS.find((name) => name === query.get('view')) ?? null,
    isChatHidden: query.get('chat') === 'hidden',
  }
}

/** Returns the state as a query string that begins with `?`; empty if every value is usual. */
export function writeAddress(address: Address): string {
  const query = new URLSearchParams()
  if (address.room !== 'lobby') query.set('room', address.room)
  if (address.lanes.join() !== USUAL.join()) query.set('lanes', address.lanes.join())
  if (address.off.length > 0) query.set('off', address.off.join())
  for (const { name, query: key, usual, perSecond } of SETTINGS)
    if (address[name] !== usual) query.set(key, String(address[name] / perSecond))
  if (address.ratePerSecond !== null && address.ratePerSecond !== 1) query.set('rate', String(address.ratePerSecond))
  if (address.zoom !== 1) query.set('zoom', String(address.zoom))
  if (address.theme) query.set('theme', address.theme)
  // An exchange ends soon, and another page cannot show it, so a link to it would be useless.
  if (address.open && !('exchange' in address.open)) query.set('open', openedText(address.open))
  if (address.view) query.set('view', address.view)
  if (address.isChatHidden) query.set('chat', 'hidden')
  // A query string may contain commas and colons, and people read them more easily than their escapes.
  const text = query.toString().replaceAll('%2C', ',').replaceAll('%3A', ':')
  return text && `?${text}`
}

/**
 * Returns a text that differs for two states if a person expects Back to lead from one to the other. It contains
 * neither rates nor the zoom, nor which exchange or which side of a file the drawer shows.
 */
export function historyStep({ lanes, off, open, view, isChatHidden }: Address): string {
  const opened = open === null ? '' : 'code' in open ? open.code : 'exchange' in open ? 'exchange' : openedText(open)
  return [lanes, off, opened, view ?? '', isChatHidden].join('|')
}

/** Returns the transports that the query names under `key`, in the order in which the page always shows transports. */
function listed(query: URLSearchParams, key: string): readonly TransportName[] {
  const names = query.get(key)?.split(',') ?? []
  return TRANSPORTS.filter((name) => names.includes(name))
}

/** Returns a sentence about the values in a query that the page cannot use; null if it can use all of them. */
export const addressTrouble = (search: string): string | null => troubleIn(search, RULES)

const RULES: ReadonlyMap<string, AddressRule> = new Map([
  ['room', ruleOf((value) => ROOM.test(value), '1 to 32 of a to z, 0 to 9 and -')],
  ['lanes', lanesRule()],
  ['off', lanesRule()],
  ...SETTINGS.map(({ query, choices, perSecond }) => [query, numberRule(choices.map((ms) => ms / perSecond))] as const),
  ['rate', numberRule(RATES)],
  ['zoom', numberRule(ZOOMS)],
  ['theme', wordRule('light', 'dark')],
  ['view', wordRule(...VIEWS)],
  ['chat', wordRule('hidden')],
  [
    'open',
    ruleOf((value) => readOpened(value) !== null, 'help, settings, network, class, or a lane such as sse:server'),
  ],
])

function numberRule(choices: readonly number[]): AddressRule {
  return ruleOf((value) => oneOf(choices, Number.parseFloat(value)) !== undefined, wordsOf(choices.map(String)))
}

function lanesRule(): AddressRule {
  const known: readonly string[] = ['none', ...TRANSPORTS]
  return {
    unusableIn: (value) => value.split(',').filter((name) => !known.includes(name)),
    allowed: wordsOf(TRANSPORTS),
  }
}

function readSettings(query: URLSearchParams): Record<SettingName, number> {
  const found = { ...USUAL_SETTINGS }
  for (const { name, query: key, choices, usual, perSecond } of SETTINGS)
    found[name] = oneOf(choices, numberIn(query, key) * perSecond) ?? usual
  return found
}

function numberIn(query: URLSearchParams, key: string): number {
  return Number.parseFloat(query.get(key) ?? '')
}

function oneOf(choices: readonly number[], value: number): number | undefined {
  return choices.find((choice) => choice === value)
}

function readOpened(text: string): DrawerContent | null {
  if (text === 'help') return { help: true }
  if (text === 'settings') return { settings: true }
  if (text === 'network') return { network: true }
  if (text === 'class') return { people: true }
  const [name, side] = text.split(':')
  const code = TRANSPORTS.find((transport) => transport === name)
  if (!code) return null
  return { code, side: side === 'browser' ? 'browser' : 'server' }
}

function openedText(open: Exclude<DrawerContent, { exchange: number }>): string {
  if ('code' in open) return `${open.code}:${open.side}`
  if ('people' in open) return 'class'
  return 'help' in open ? 'help' : 'network' in open ? 'network' : 'settings'
}
