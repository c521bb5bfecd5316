import { now } from '../now.ts'

/** Records the times in which the server answered neither on a lane nor in the lab. */
export interface Away {
  /** Start of the current absence; null while the server answers. */
  readonly sinceMs: number | null
  /** Absences, oldest first. The last one ends with null if it is not over. */
  readonly stretches: readonly { readonly fromMs: number; readonly toMs: number | null }[]
  begin(): void
  end(): void
}

const MOST = 40

export function createAway(): Away {
  let stretches: Away['stretches'] = []
  const open = () => (stretches.at(-1)?.toMs === null ? stretches.at(-1) : undefined)

  return {
    get sinceMs() {
      return open()?.fromMs ?? null
    },
    get stretches() {
      return stretches
    },
    begin() {
      if (!open()) stretches = [...stretches, { fromMs: now(), toMs: null }].slice(-MOST)
    },
    end() {
      const last = open()
      if (last) stretches = [...stretches.slice(0, -1), { ...last, toMs: now() }]
    },
  }
}
