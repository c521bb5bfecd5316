/** The settings and the acts of the lab, which apply to all processes that share a Redis. */
import type { Conditions, Cut } from '../protocol/lab.ts'
import type { Peers } from '../peers/peers.ts'

export interface SharedSettings {
  conditions(conditions: Conditions): void
  /** Undefined: the room has the default rate. */
  rate(room: string, ratePerSecond: number | undefined): void
  cut(how: Cut): void
  restart(): void
}

/** What this process does when another process has changed something. Undefined stands for the default. */
export interface LabActs {
  conditions(conditions: Conditions | undefined): void
  rate(room: string, ratePerSecond: number | undefined): void
  cut(how: Cut): void
  restart(): void
}

const CONDITIONS = 'conditions'
const RATE = 'rate '

/**
 * Applies what other processes change, also what they have changed before this process started. Returns functions that
 * tell the others what this process has changed. While Redis is away, a change applies only to this process; the others
 * get it afterwards.
 */
export function shareSettings(peers: Peers, here: LabActs): SharedSettings {
  const map = peers.map('lab')
  map.onChange(apply)
  peers.on('lab cut', (how) => here.cut(how as Cut))
  peers.on('lab restart', () => {
    here.restart()
    // The other process may have changed settings after its restart. They have arrived before this message.
    for (const [key, value] of map.entries()) apply(key, value)
  })

  return {
    conditions: (conditions) => set(CONDITIONS, JSON.stringify(conditions)),
    rate: (room, ratePerSecond) => set(RATE + room, ratePerSecond === undefined ? null : String(ratePerSecond)),
    cut: (how) => peers.tell('lab cut', how),
    restart() {
      const resets = Array.from(map.entries(), ([key]) => map.set(key, null))
      // The others have to know first that the settings are gone. Otherwise this would undo what one of them sets after
      // its restart.
      void Promise.allSettled(resets).then(() => peers.tell('lab restart', null))
    },
  }

  function apply(key: string, value: string | undefined): void {
    if (key === CONDITIONS) here.conditions(value === undefined ? undefined : JSON.parse(value))
    else if (key.startsWith(RATE)) here.rate(key.slice(RATE.length), value === undefined ? undefined : Number(value))
  }

  function set(key: string, value: string | null): void {
    map.set(key, value).catch(() => {})
  }
}
