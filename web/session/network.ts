/** Describes the state of the network in the words that the page shows. */
import type { TransportName } from '../../server/protocol/feed.ts'
import type { Conditions, Preset } from '../../server/protocol/lab.ts'

import { transports } from '../transports/index.ts'

/** A time span in which the lab's conditions were in force on the network. */
export interface Band {
  /** Time at which the page learnt of the change, on the page's clock. */
  readonly fromMs: number
  readonly toMs: number | null
  readonly name: string
}

/** Conditions that the control *Buffering proxy* switches on. */
export const PROXY = { bufferingBytes: 4096, bufferingMs: 3000, bufferingObeysHeader: false }
export const NO_PROXY = { bufferingBytes: 0, bufferingMs: 0, bufferingObeysHeader: false }

/**
 * Reports whether a proxy holds back event streams. The server asks proxies not to buffer its streams, but a proxy may
 * ignore that.
 */
export function holdsStreams({ bufferingBytes, bufferingObeysHeader }: Conditions): boolean {
  return bufferingBytes > 0 && !bufferingObeysHeader
}

/**
 * Reports whether a buffering proxy holds back this transport's messages. `conditions` is null while the page does not
 * know the conditions.
 */
export function holdsBack(conditions: Conditions | null, transport: TransportName): boolean {
  return conditions !== null && holdsStreams(conditions) && transports[transport].isHeldByProxy
}

/** Returns how many ms the network conditions add to a round trip on average. */
export function addedRoundTripMs(conditions: Conditions | null): number {
  return conditions ? 2 * conditions.latencyMs + conditions.jitterMs : 0
}

export function areEqual(some: Conditions, others: Conditions): boolean {
  return Object.entries(some).every(([name, value]) => others[name as keyof Conditions] === value)
}

export function isNeutral(conditions: Conditions): boolean {
  return Object.values(conditions).every((value) => !value)
}

/** Returns these conditions with every value switched off. */
export function neutral(conditions: Conditions): Partial<Conditions> {
  return Object.fromEntries(
    Object.entries(conditions).map(([name, value]) => [name, typeof value === 'boolean' ? false : 0]),
  )
}

/**
 * Returns the preset whose conditions are set, even if a proxy or a firewall is also switched on; undefined if somebody
 * set single conditions.
 */
export function presetOf(conditions: Conditions, presets: readonly Preset[]): Preset | undefined {
  const exact = presets.find((preset) => areEqual(preset.conditions, conditions))
  const line = { ...conditions, ...NO_PROXY, firewall: false }
  return exact ?? presets.find((preset) => areEqual(preset.conditions, line))
}

/**
 * Describes the network, for example `4G · 25 to 40 ms each way + Firewall · WebSocket refused`; empty if the network
 * has no conditions.
 */
export function describeNetwork(conditions: Conditions, presets: readonly Preset[]): string {
  const preset = presetOf(conditions, presets)
  const firewall = conditions.firewall ? 'WebSocket refused' : ''
  const proxy = conditions.bufferingBytes > 0 ? `responses held ${holding(conditions)}` : ''
  const isNamed = preset !== undefined && !isNeutral(preset.conditions)
  // The name of a preset stands for its bandwidth and its idle cut too, so they are not repeated.
  const single = isNamed ? [] : [rate(conditions), idle(conditions)]
  const line = [way(conditions), losses(conditions, isNamed), reading(conditions), ...single].filter(Boolean)
  if (isNamed) {
    if (preset.conditions.firewall) line.push(firewall)
    if (preset.conditions.bufferingBytes > 0) line.push(proxy)
    line.unshift(preset.name)
  }
  return [
    line.join(' · '),
    firewall && !preset?.conditions.firewall ? `Firewall · ${firewall}` : '',
    proxy && !preset?.conditions.bufferingBytes ? `Buffering proxy · ${proxy}` : '',
  ]
    .filter(Boolean)
    .join(' + ')
}

function way({ latencyMs, jitterMs }: Conditions): string {
  if (latencyMs + jitterMs === 0) return ''
  return `${latencyMs}${jitterMs > 0 ? ` to ${latencyMs + jitterMs}` : ''} ms each way`
}

function rate({ bandwidthBytesPerSecond }: Conditions): string {
  return bandwidthBytesPerSecond > 0 ? `${(bandwidthBytesPerSecond / 1000).toLocaleString('en')} kB/s` : ''
}

function idle({ idleCutMs }: Conditions): string {
  return idleCutMs > 0 ? `cut after ${idleCutMs / 1000} s of silence` : ''
}

/** Describes the loss rate. After the name of a preset, a loss rate below 1 % is left out. */
function losses({ lossRate }: Conditions, isNamed: boolean): string {
  if (lossRate === 0 || (isNamed && lossRate < 0.01)) return ''
  return `${Number((lossRate * 100).toPrecision(2))} % lost`
}

function reading({ slowReaderBytesPerSecond }: Conditions): string {
  return slowReaderBytesPerSecond > 0 ? `read at ${slowReaderBytesPerSecond / 1000} kB/s` : ''
}

function holding({ bufferingBytes, bufferingMs, bufferingObeysHeader }: Conditions): string {
  const size = `until ${bufferingBytes < 1024 ? `${bufferingBytes} bytes` : `${Math.round(bufferingBytes / 1024)} KiB`}`
  const held = bufferingMs > 0 ? `${size} or ${bufferingMs / 1000} s` : size
  return bufferingObeysHeader ? `${held}, except for the event stream, which asks for no buffering` : held
}
