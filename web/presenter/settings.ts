/** Says what a scene sets. */
import type { Scene, SceneAct } from '../../server/protocol/show.ts'

/** Names of the conditions, with the unit of their value. */
const CONDITIONS: Readonly<Record<string, readonly [string, string]>> = {
  latencyMs: ['latency each way', ' ms'],
  jitterMs: ['jitter', ' ms'],
  bandwidthBytesPerSecond: ['bandwidth limit', ' bytes/s'],
  lossRate: ['loss', ' %'],
  bufferingBytes: ['buffering proxy', ' bytes'],
  bufferingMs: ['buffering proxy', ' ms'],
  bufferingObeysHeader: ['exception for X-Accel-Buffering', ''],
  slowReaderBytesPerSecond: ['slow reader', ' bytes/s'],
  idleCutMs: ['cut after silence', ' ms'],
  firewall: ['firewall', ''],
}

/** Returns the settings and the acts of a scene in words. */
export function settingsText({ set, acts, pollMs }: Pick<Scene, 'set' | 'acts' | 'pollMs'>): string {
  const parts = [
    ...changeTexts(set),
    ...(pollMs === undefined ? [] : [`the stage polls every ${pollMs / 1000} s`]),
    ...acts.map((act) => `after ${act.atS} s: ${actTexts(act).join(', ')}`),
  ]
  return parts.length === 0 ? 'Nothing.' : `${parts.join('; ')}.`
}

function changeTexts({ ratePerSecond, conditions = {} }: Scene['set']): readonly string[] {
  return [
    ...(ratePerSecond === undefined ? [] : [`${ratePerSecond} messages a second`]),
    ...Object.entries(conditions).map(([name, value]) => {
      const [label, unit] = CONDITIONS[name] ?? [name, '']
      if (value === 0 || value === false) return `no ${label}`
      if (value === true) return `${label} on`
      return `${label} ${name === 'lossRate' ? value * 100 : value}${unit}`
    }),
  ]
}

function actTexts({ cut, restart, set }: SceneAct): readonly string[] {
  return [
    ...(cut === undefined ? [] : [`cut (${cut})`]),
    ...(restart ? ['the server restarts'] : []),
    ...(set ? changeTexts(set) : []),
  ]
}
