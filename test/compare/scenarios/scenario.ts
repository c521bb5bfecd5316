/** Scenarios: what the publisher or the clients do while a transport is measured. */
import { CompareError } from '../trouble.ts'

export const SCENARIOS = ['steady', 'burst', 'ramp', 'reconnect-storm', 'slow-readers'] as const

export type ScenarioName = (typeof SCENARIOS)[number]

/** Each option except the first one belongs to one scenario. */
export interface ScenarioOptions {
  readonly scenario: ScenarioName
  /** Messages that are due at the same time. */
  readonly burst: number
  /** Messages a second at the end of a ramp, which begins at `rate`. */
  readonly rateTo: number
  /** Seconds in which all clients reconnect after the cut. */
  readonly stormWithin: number
  /** Share of the clients that stop reading, in percent. */
  readonly slow: number
}

/** Options that only one scenario uses. */
const OWNERS: Readonly<Record<string, ScenarioName>> = {
  burst: 'burst',
  'rate-to': 'ramp',
  'storm-within': 'reconnect-storm',
  slow: 'slow-readers',
}

/** These scenarios compare parts of the time, so they need more of it. */
export const usualSecondsOf = (scenario: ScenarioName): number => (/^(?:steady|burst)$/.test(scenario) ? 5 : 10)

/** Throws `CompareError` if there is no such scenario, or if an option of another one is given. */
export function scenarioOf(text: string | undefined, given: ReadonlyMap<string, readonly string[]>): ScenarioName {
  const scenario = SCENARIOS.find((name) => name === (text ?? 'steady'))
  if (!scenario) throw new CompareError(`--scenario is "${text}". Give ${SCENARIOS.join(', ')}.`)
  for (const [option, owner] of Object.entries(OWNERS)) {
    if (owner !== scenario && given.has(option))
      throw new CompareError(
        `--${option} is "${given.get(option)?.at(-1)}", and the scenario ${scenario} does not use it. Add --scenario ${owner}, or leave out --${option}.`,
      )
  }
  return scenario
}

interface ScenarioWorkload extends ScenarioOptions {
  readonly clients: number
  readonly rate: number
  readonly seconds: number
}

/** Throws `CompareError` if the scenario does not fit the other options. */
export function checkScenario(options: ScenarioWorkload): void {
  const { scenario, clients, rate, seconds, burst, rateTo, stormWithin, slow } = options
  if (scenario === 'burst' && burst > rate * seconds)
    throw new CompareError(
      `--burst is "${burst}", and at --rate ${rate} there are only ${Math.floor(rate * seconds)} messages in --seconds ${seconds}. Reduce --burst, or increase --rate or --seconds.`,
    )
  if (scenario === 'ramp' && rateTo <= rate)
    throw new CompareError(`--rate-to is "${rateTo}", and --rate is "${rate}". Give a --rate-to above --rate.`)
  if (scenario === 'reconnect-storm' && 2 * stormWithin > seconds)
    throw new CompareError(
      `--storm-within is "${stormWithin}", and --seconds is "${seconds}". The clients return in the second half, so give at least --seconds ${2 * stormWithin}.`,
    )
  const slowClients = slowCount(options)
  if (scenario === 'slow-readers' && (slowClients < 1 || slowClients >= clients))
    throw new CompareError(
      `--slow is "${slow}", and --clients is "${clients}": ${slowClients} clients would be slow. Choose them so that some clients are slow and some are not.`,
    )
}

const slowCount = ({ clients, slow }: Pick<ScenarioWorkload, 'clients' | 'slow'>): number =>
  Math.floor((clients * slow) / 100)

/** Whether this client is one of the slow ones, which are spread evenly over all clients. */
export const isSlow = (client: number, slow: number): boolean =>
  Math.floor(((client + 1) * slow) / 100) > Math.floor((client * slow) / 100)

/** Mean of the rates in the measured time. */
export const meanRateOf = ({
  scenario,
  rate,
  rateTo,
}: Pick<ScenarioWorkload, 'scenario' | 'rate' | 'rateTo'>): number => (scenario === 'ramp' ? (rate + rateTo) / 2 : rate)

/** Part of the measured time in which the slow clients do not read. */
export const SLOW_PART = { from: 1 / 3, to: 2 / 3 } as const

/** Part of the measured time after which all connections are cut. */
export const STORM_PART = 0.5

/** Texts of a picture whose axis is the measured time. */
export interface TimeTexts {
  /** Rate at the start and at the end; empty if the rate does not change. */
  readonly start: string
  readonly end: string
  readonly events: readonly { readonly atS: number; readonly text: string }[]
}

export function timeTextsOf({ scenario, rate, rateTo, seconds }: ScenarioWorkload): TimeTexts {
  const none = { start: '', end: '', events: [] }
  if (scenario === 'ramp') return { ...none, start: `, ${rate} messages/s`, end: `, ${rateTo} messages/s` }
  if (scenario === 'reconnect-storm')
    return { ...none, events: [{ atS: seconds * STORM_PART, text: 'all connections are cut' }] }
  if (scenario !== 'slow-readers') return none
  const { from, to } = SLOW_PART
  return {
    ...none,
    events: [
      { atS: seconds * from, text: 'slow clients stop reading' },
      { atS: seconds * to, text: 'slow clients read again' },
    ],
  }
}

/** Describes the scenario in a sentence. */
export function scenarioText(workload: ScenarioWorkload): string {
  const { scenario, clients, rate, seconds, burst, rateTo, stormWithin } = workload
  switch (scenario) {
    case 'steady':
      return 'steady: the rate does not change.'
    case 'burst':
      return `burst: ${burst} messages at a time, at random moments, with the same mean rate.`
    case 'ramp':
      return `ramp: the rate grows from ${rate} to ${rateTo} messages a second.`
    case 'reconnect-storm':
      return `reconnect-storm: after ${seconds * STORM_PART} s, the clients cut all connections at once. Each of them reconnects at a random moment within ${stormWithin} s, and resumes at its cursor.`
    case 'slow-readers':
      return `slow-readers: ${slowCount(workload)} of ${clients} clients stop reading their sockets in the middle third of the time. The table above is about the others.`
  }
}
