/** Numbers for Prometheus, in its text format (version 0.0.4): what there is to write, and nothing of what is counted. */

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export type Labels = Readonly<Record<string, string>>

export interface Metric {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** What is counted, in which unit. */
  readonly help: string
  samples(): Iterable<Sample>
}

/** `suffix` goes behind the metric's name. */
type Sample = readonly [suffix: string, labels: Labels, value: number]

export interface Counter extends Metric {
  add(labels: Labels, count?: number): void
  /** Adds to these labels, which are looked up once: for what is counted for every client. */
  of(labels: Labels): (count: number) => void
}

export interface Histogram extends Metric {
  /** Takes values with these labels, which are looked up once. Without a value they do not show. */
  of(labels: Labels): (value: number) => void
}

export function expose(metrics: Iterable<Metric>): string {
  return Array.from(metrics, ({ name, type, help, samples }) => {
    const lines = Array.from(samples(), ([suffix, labels, value]) => `${name}${suffix}${write(labels)} ${value}\n`)
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
  }).join('')
}

/** `labels`: those that shall read 0 before anything was counted, so that the first one shows as a rise. */
export function counter(name: string, help: string, labels: readonly Labels[] = []): Counter {
  const values = new Map(labels.map((one) => [write(one), { labels: one, value: 0 }]))
  return {
    name,
    type: 'counter',
    help,
    add: (labels, count = 1) => of(labels)(count),
    of,
    *samples() {
      for (const { labels, value } of values.values()) yield ['', labels, value]
    },
  }

  function of(labels: Labels): (count: number) => void {
    const key = write(labels)
    const series = values.get(key) ?? { labels, value: 0 }
    values.set(key, series)
    return (count) => void (series.value += count)
  }
}

/** What is kept elsewhere, and read when somebody asks. A counter where it never falls. */
export function reading(
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  read: () => Iterable<readonly [Labels, number]>,
): Metric {
  return {
    name,
    type,
    help,
    *samples() {
      for (const [labels, value] of read()) yield ['', labels, value]
    },
  }
}

/** `bounds`: of the buckets, rising, each including its own. */
export function histogram(name: string, help: string, bounds: readonly number[]): Histogram {
  const series = new Map<string, { labels: Labels; counts: number[]; sum: number }>()
  return {
    name,
    type: 'histogram',
    help,
    of(labels) {
      const key = write(labels)
      const known = series.get(key) ?? { labels, counts: bounds.map(() => 0).concat(0), sum: 0 }
      series.set(key, known)
      return (value) => {
        const found = bounds.findIndex((bound) => value <= bound)
        const bucket = found === -1 ? bounds.length : found
        known.counts[bucket] = (known.counts[bucket] ?? 0) + 1
        known.sum += value
      }
    },
    *samples() {
      for (const { labels, counts, sum } of series.values()) {
        if (counts.every((inBucket) => inBucket === 0)) continue
        let count = 0
        for (const [i, inBucket] of counts.entries()) {
          count += inBucket
          yield ['_bucket', { ...labels, le: String(bounds[i] ?? '+Inf') }, count]
        }
        yield ['_sum', labels, sum]
        yield ['_count', labels, count]
      }
    },
  }
}

function write(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escape(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escape = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
