/** The state of the network in the words of the page, and since when it is so. */
import type { Conditions, Preset } from '../../server/protocol.ts'

/** A stretch of time in which the wire was bent. */
export interface Band {
  /** On this page's clock; when the page heard of it. */
  readonly fromMs: number
  readonly toMs: number | null
  readonly name: string
}

/** What *Buffering proxy* switches on. */
export const PROXY = { bufferingBytes: 4096, bufferingMs: 3000, bufferingObeysHeader: false }
export const NO_PROXY = { bufferingBytes: 0, bufferingMs: 0, bufferingObeysHeader: false }

/** An event stream, which is an answer that does not end. The server's own says that it is not to be held. */
export function holdsStreams({ bufferingBytes, bufferingObeysHeader }: Conditions): boolean {
  return bufferingBytes > 0 && !bufferingObeysHeader
}

export function areEqual(some: Conditions, others: Conditions): boolean {
  return Object.entries(some).every(([name, value]) => others[name as keyof Conditions] === value)
}

export function isNeutral(conditions: Conditions): boolean {
  return Object.values(conditions).every((value) => !value)
}

/** The same conditions, none of which does anything. */
export function neutral(conditions: Conditions): Partial<Conditions> {
  return Object.fromEntries(
    Object.entries(conditions).map(([name, value]) => [name, typeof value === 'boolean' ? false : 0]),
  )
}

/** The preset that holds, whatever may be switched on beside it; undefined where somebody set single conditions. */
export function presetOf(conditions: Conditions, presets: readonly Preset[]): Preset | undefined {
  const exact = presets.find((preset) => areEqual(preset.conditions, conditions))
  const line = { ...conditions, ...NO_PROXY, firewall: false }
  return exact ?? presets.find((preset) => areEqual(preset.conditions, line))
}

/** `4G · 25 to 40 ms each way + Firewall · WebSocket refused`; empty where the network is left alone. */
export function describeNetwork(conditions: Conditions, presets: readonly Preset[]): string {
  const preset = presetOf(conditions, presets)
  const firewall = conditions.firewall ? 'WebSocket refused' : ''
  const proxy = conditions.bufferingBytes > 0 ? `answers held ${holding(conditions)}` : ''
  const isNamed = preset !== undefined && !isNeutral(preset.conditions)
  // A preset's name stands for the rest of it.
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

/** Beside a preset's name less than one in a hundred is not told. */
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
  return bufferingObeysHeader ? `${held}, but for the event stream that asks not to be` : held
}
