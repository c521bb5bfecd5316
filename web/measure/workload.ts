/** A workload, as somebody describes it: its figures with their ranges, and the address that holds them. */

export interface Workload {
  /** Messages that each client is to get in a second. */
  readonly rate: number
  /** Of what a message says; the JSON around it is measured. */
  readonly bytes: number
  readonly clients: number
  /** How old 19 of 20 messages may be when they arrive, in seconds. */
  readonly age: number
  /** One way, in ms. */
  readonly latency: number
  /** Share of the time in which nothing happens, in percent. */
  readonly idle: number
  /** What one open connection takes at the server, in KiB. */
  readonly memory: number
  readonly path: Path
  /** Do clients send as well? */
  readonly speaks: boolean
}

/** What stands between: nothing that matters, a proxy that collects answers, one that refuses WebSockets. */
export type Path = 'clear' | 'buffers' | 'firewall'

export const PATHS: readonly Path[] = ['clear', 'buffers', 'firewall']

export type Figure = 'rate' | 'bytes' | 'clients' | 'age' | 'latency' | 'idle' | 'memory'

export interface Range {
  readonly from: number
  readonly to: number
  readonly usual: number
}

export const FIGURES: Record<Figure, Range> = {
  rate: { from: 0.01, to: 1000, usual: 1 },
  bytes: { from: 1, to: 4000, usual: 60 },
  clients: { from: 1, to: 10_000_000, usual: 1000 },
  age: { from: 0.01, to: 3600, usual: 2 },
  latency: { from: 0, to: 2000, usual: 20 },
  idle: { from: 0, to: 99, usual: 0 },
  memory: { from: 1, to: 10_000, usual: 60 },
}

const NAMES = Object.keys(FIGURES) as Figure[]

/** Reads a query string; what is no figure within its range is as usual. */
export function readWorkload(search: string): Workload {
  const query = new URLSearchParams(search)
  const figure = (name: Figure): number => {
    const text = query.get(name)
    return text !== null && isFitting(name, Number(text)) ? Number(text) : FIGURES[name].usual
  }
  return {
    rate: figure('rate'),
    bytes: figure('bytes'),
    clients: figure('clients'),
    age: figure('age'),
    latency: figure('latency'),
    idle: figure('idle'),
    memory: figure('memory'),
    path: PATHS.find((path) => path === query.get('path')) ?? 'clear',
    speaks: query.get('speaks') === 'yes',
  }
}

/** The query string with its `?`; what is as usual is left out. */
export function writeWorkload(workload: Workload): string {
  const query = new URLSearchParams()
  for (const name of NAMES) if (workload[name] !== FIGURES[name].usual) query.set(name, String(workload[name]))
  if (workload.path !== 'clear') query.set('path', workload.path)
  if (workload.speaks) query.set('speaks', 'yes')
  const text = query.toString()
  return text && `?${text}`
}

/** Whole numbers where only those have a meaning. */
export function isFitting(name: Figure, value: number): boolean {
  const { from, to } = FIGURES[name]
  const isWhole = Number.isInteger(value) || (name !== 'bytes' && name !== 'clients')
  return value >= from && value <= to && isWhole
}
