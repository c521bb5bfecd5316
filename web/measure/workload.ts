/** Describes a workload by figures, and writes these figures into the page's address. */

export interface Workload {
  /** Messages per second that each client receives. */
  readonly rate: number
  /** Bytes of a message's text. The page measures the JSON around the text. */
  readonly bytes: number
  readonly clients: number
  /** Age in seconds that 19 of 20 messages must not exceed on arrival. */
  readonly age: number
  /** One-way latency in ms. */
  readonly latency: number
  /** Share of the time in which no message comes, in percent. */
  readonly idle: number
  /** Memory that one open connection takes at the server, in KiB; 0 for what was measured of Fourwire's server. */
  readonly memory: number
  readonly path: Path
  /** True if the clients write the messages that they all receive. */
  readonly speaks: boolean
  readonly readers: Readers
  /** Version of HTTP. The page measures only HTTP/1.1. */
  readonly http: HttpVersion
}

export type HttpVersion = (typeof HTTP_VERSIONS)[number]

export const HTTP_VERSIONS = ['1.1', '2'] as const

/**
 * Where messages have to arrive. `pages`: on pages that are open. `phones`: also on phones that sleep, when the page is
 * closed. `servers`: in programs on servers.
 */
export type Readers = (typeof READERS)[number]

export const READERS = ['pages', 'phones', 'servers'] as const

/**
 * Obstacles on the network path. `clear`: none. `buffers`: a proxy that buffers responses. `firewall`: a firewall that
 * refuses WebSockets. `both`: such a proxy and such a firewall.
 */
export type Path = (typeof PATHS)[number]

export const PATHS = ['clear', 'buffers', 'firewall', 'both'] as const

export const isBuffered = (path: Path): boolean => path === 'buffers' || path === 'both'

export const isWithoutSockets = (path: Path): boolean => path === 'firewall' || path === 'both'

export type Figure = 'rate' | 'bytes' | 'clients' | 'age' | 'latency' | 'idle' | 'memory'

export interface FigureRange {
  readonly from: number
  readonly to: number
  readonly usual: number
}

export const FIGURES: Record<Figure, FigureRange> = {
  // The smallest rate is about one message a day.
  rate: { from: 0.00001, to: 1000, usual: 1 },
  bytes: { from: 1, to: 4000, usual: 60 },
  clients: { from: 1, to: 10_000_000, usual: 1000 },
  age: { from: 0.01, to: 3600, usual: 2 },
  latency: { from: 0, to: 2000, usual: 20 },
  idle: { from: 0, to: 99, usual: 0 },
  memory: { from: 0, to: 10_000, usual: 0 },
}

/** Figures for which a fraction has no meaning. */
export const WHOLE: readonly Figure[] = ['bytes', 'clients']

const NAMES = Object.keys(FIGURES) as Figure[]

/** Reads a workload from a query string. A figure that is missing or not valid gets its usual value. */
export function readWorkload(search: string): Workload {
  const query = new URLSearchParams(search)
  const figure = (name: Figure): number => {
    const value = readNumber(query.get(name) ?? '')
    return isFitting(name, value) ? value : FIGURES[name].usual
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
    readers: READERS.find((readers) => readers === query.get('readers')) ?? 'pages',
    http: HTTP_VERSIONS.find((version) => version === query.get('http')) ?? '1.1',
  }
}

/** Returns a workload as a query string that begins with `?`. Figures with their usual value are left out. */
export function writeWorkload(workload: Workload): string {
  const query = new URLSearchParams()
  for (const name of NAMES)
    if (workload[name] !== FIGURES[name].usual) query.set(name, String(Number(workload[name].toPrecision(6))))
  if (workload.path !== 'clear') query.set('path', workload.path)
  if (workload.speaks) query.set('speaks', 'yes')
  if (workload.readers !== 'pages') query.set('readers', workload.readers)
  if (workload.http !== '1.1') query.set('http', workload.http)
  const text = query.toString()
  return text && `?${text}`
}

/** Reports whether a figure is in its range. A figure for which a fraction has no meaning must also be whole. */
export function isFitting(name: Figure, value: number): boolean {
  const { from, to } = FIGURES[name]
  return value >= from && value <= to && (Number.isInteger(value) || !WHOLE.includes(name))
}

/** Returns the number that a text contains; NaN for an empty text. */
export const readNumber = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text))
