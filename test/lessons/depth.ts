/** Number of times that the proof judges each program of the lessons: once by default, more often with `--all`. */

export interface Depth {
  /** Number of times that each solution has to pass. */
  readonly solution: number
  /** Number of times that each program for the beginning has to fail. */
  readonly start: number
  readonly variant: number
  readonly mistake: number
  /** Last digit of the list positions of the programs that are judged once more on a busy machine. */
  readonly tenth: number
}

declare module 'vitest' {
  interface ProvidedContext {
    depth: Depth
  }
}

/** Environment variable through which `start.ts` passes the depth to the configuration. */
export const DEPTH = 'FOURWIRE_DEPTH'

/**
 * Removes `--all` and `--tenth N` from the arguments and returns the others, which are for Vitest. Default of the tenth: the
 * last digit of the day of the year, so that ten days judge every program under load. Throws if N is not a digit.
 */
export function depthFrom(args: readonly string[], today = new Date()): { depth: Depth; rest: readonly string[] } {
  const rest: string[] = []
  let isAll = false
  let tenth = dayOfYear(today) % 10
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? ''
    if (arg === '--all') isAll = true
    else if (arg === '--tenth') tenth = digitOf(args[++at])
    else if (arg.startsWith('--tenth=')) tenth = digitOf(arg.slice('--tenth='.length))
    else rest.push(arg)
  }
  return { depth: isAll ? { ...ALL, tenth } : { ...QUICK, tenth }, rest }
}

/** Depth without `--all`. `npm test` also judges each solution once. */
export const QUICK = { solution: 1, start: 1, variant: 1, mistake: 1 } as const

const ALL = { solution: 10, start: 3, variant: 3, mistake: 3 } as const

function digitOf(text: string | undefined): number {
  if (text !== undefined && /^\d$/.test(text)) return Number(text)
  throw new Error(`--tenth is ${JSON.stringify(text ?? '')}. Give a digit, 0 to 9: which tenth is judged under load.`)
}

const DAY_MS = 24 * 60 * 60 * 1000

function dayOfYear(date: Date): number {
  return (
    (Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()) - Date.UTC(date.getUTCFullYear(), 0, 0)) /
    DAY_MS
  )
}
