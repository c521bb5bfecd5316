import { now } from '../now.ts'

/** When the server answered on no lane and not in the lab. */
export interface Away {
  /** Null while it answers. */
  readonly sinceMs: number | null
  /** Oldest first; one that is not over ends with null. */
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
