/** The options of `npm run compare`. Every error names the option, quotes the value, and says what to do. */
import { readFileSync } from 'node:fs'
import { COMPARE } from '../../server/start/installed.ts'
import { isJson } from './adapters/plain.ts'
import type { NetworkOptions } from './conditions.ts'
import { givenOptions, writableFile } from './given.ts'
import { headersOf } from './headers.ts'
import { numberOf, NUMBERS } from './numbers.ts'
import type { NumberName } from './numbers.ts'
import { checkScenario, meanRateOf, scenarioOf, usualSecondsOf } from './scenarios/scenario.ts'
import type { ScenarioOptions } from './scenarios/scenario.ts'
import { readThreshold } from './thresholds.ts'
import type { Threshold } from './thresholds.ts'
import { CompareError, messageOf } from './trouble.ts'

export interface Options extends NetworkOptions, ScenarioOptions {
  /** Undefined for the usual transports of the adapter. */
  readonly transports: readonly string[] | undefined
  readonly clients: number
  /** Messages per second. Each client receives all of them. */
  readonly rate: number
  /** Returns the text of a message. The text contains the mark. */
  payload(mark: string): string
  /** Duration of the measurement of one transport in one repetition. */
  readonly seconds: number
  readonly warmup: number
  readonly ramp: number
  readonly interval: number
  readonly wait: number
  readonly repeat: number
  /** Undefined if the program starts a Fourwire of its own. */
  readonly url: URL | undefined
  readonly publish: URL | undefined
  readonly adapter: string
  /** Process of the server, if it runs on this machine; undefined if unknown. */
  readonly pid: number | undefined
  /** Fields for each request. They may be secrets. */
  readonly headers: Readonly<Record<string, string>>
  readonly isInsecure: boolean
  readonly isHttp2: boolean
  readonly thresholds: readonly Threshold[]
  readonly json: string | undefined
  readonly html: string | undefined
  /** Report of an earlier measurement. */
  readonly baseline: string | undefined
}

/** Without --rate-to, a ramp ends with this multiple of --rate. */
const RATE_GROWS = 10

/** A larger result does not fit into the memory of the programs that receive the messages. */
const DELIVERIES = 5_000_000

const TEXTS = [
  'transports',
  'scenario',
  'payload',
  'url',
  'publish',
  'adapter',
  'pid',
  'header',
  'threshold',
  'json',
  'html',
  'baseline',
] as const

/** Options without a value. */
const FLAGS = ['insecure', 'http2'] as const

/** Returns null if the help is wanted. Throws `CompareError`. */
export function readOptions(args: readonly string[]): Options | null {
  const given = givenOptions(args, {
    values: [...Object.keys(NUMBERS), ...TEXTS],
    flags: FLAGS,
    help: `${COMPARE} --help`,
  })
  if (given.has('help')) return null
  const last = (name: string): string | undefined => given.get(name)?.at(-1)
  const number = (name: NumberName, usual?: number): number => numberOf(name, last(name), usual)
  const scenario = scenarioOf(last('scenario'), given)
  const url = urlOf('url', last('url'))
  const adapter = last('adapter') ?? 'fourwire'
  if (!url && adapter !== 'fourwire')
    throw new CompareError(
      `--adapter is "${adapter}", and --url is missing. Give the address of the server with --url.`,
    )
  const foreign = ['publish', 'pid', 'http2'].find((name) => !url && given.has(name))
  if (foreign !== undefined)
    throw new CompareError(
      `--${foreign} is ${last(foreign) ? `"${last(foreign)}"` : 'given'}, and --url is missing. Give the address of the server with --url.`,
    )
  if (given.has('payload') && given.has('size'))
    throw new CompareError(`--size is "${last('size')}", and --payload is "${last('payload')}". Leave one of them out.`)
  const options: Options = {
    transports: last('transports')
      ?.split(',')
      .filter((name) => name !== ''),
    clients: number('clients'),
    rate: number('rate'),
    payload: payloadOf(last('payload'), number('size'), adapter !== 'ai'),
    seconds: number('seconds', usualSecondsOf(scenario)),
    warmup: number('warmup'),
    ramp: number('ramp'),
    interval: number('interval'),
    wait: number('wait'),
    repeat: number('repeat'),
    scenario,
    burst: number('burst'),
    rateTo: number('rate-to', RATE_GROWS * number('rate')),
    stormWithin: number('storm-within'),
    slow: number('slow'),
    rtt: number('rtt'),
    jitter: number('jitter'),
    loss: number('loss'),
    bandwidth: number('bandwidth'),
    url,
    publish: urlOf('publish', last('publish')),
    adapter,
    pid: pidOf(last('pid')),
    headers: headersOf(given.get('header') ?? []),
    isInsecure: given.has('insecure'),
    isHttp2: given.has('http2'),
    thresholds: (given.get('threshold') ?? []).map(readThreshold),
    json: writableFile('json', last('json')),
    html: writableFile('html', last('html')),
    baseline: last('baseline'),
  }
  checkAmount(options)
  checkScenario(options)
  checkNetwork(options)
  return options
}

function urlOf(name: string, text: string | undefined): URL | undefined {
  if (text === undefined) return undefined
  const url = URL.parse(text)
  // The value is a secret, so the error does not show it.
  if (url && (url.username !== '' || url.password !== ''))
    throw new CompareError(`--${name} contains a user or a password, which the program does not send. Leave it out.`)
  if (url && /^(?:http|ws)s?:$/.test(url.protocol)) return url
  throw new CompareError(`--${name} is "${text}", which is no address. Give one such as http://localhost:3000`)
}

function pidOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const pid = Number(text)
  try {
    if (Number.isInteger(pid) && pid > 0 && process.kill(pid, 0)) return pid
  } catch {
    // No such process, or one of another user, whose figures cannot be read either.
  }
  throw new CompareError(`--pid is "${text}", and you have no such process. Give the process id of the server.`)
}

const ID = '{{id}}'

/** If `needsId` is false, JSON may lack the id, because nothing has to recognise the text. */
function payloadOf(file: string | undefined, size: number, needsId: boolean): Options['payload'] {
  if (file === undefined) return (mark) => `${mark}${'x'.repeat(Math.max(0, size - mark.length))}`
  const text = contentOf('payload', file)
  if (text.includes(ID)) return (mark) => text.replace(ID, mark)
  if (text.trim() === '')
    throw new CompareError(`--payload is "${file}", which is empty. Write the text of a message into it.`)
  if (!needsId && isJson(text)) return () => text
  if (!isJson(text)) return (mark) => `${mark} ${text}`
  throw new CompareError(`--payload is "${file}", which is JSON without ${ID}. Write ${ID} into one of its strings.`)
}

function contentOf(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new CompareError(`--${name} is "${file}", which cannot be read: ${messageOf(error)}`)
  }
}

function checkAmount(options: Options): void {
  const { clients, rate, seconds, warmup } = options
  if (rate * seconds < 1)
    throw new CompareError(
      `--rate is "${rate}" and --seconds is "${seconds}": no message would be sent. Increase one of them.`,
    )
  const deliveries = clients * (meanRateOf(options) * seconds + rate * warmup)
  if (deliveries <= DELIVERIES) return
  throw new CompareError(
    `--clients is "${clients}" and --rate is "${rate}": ${deliveries.toLocaleString('en')} deliveries do not fit into memory. Reduce --clients, --rate or --seconds until there are at most ${DELIVERIES.toLocaleString('en')}.`,
  )
}

function checkNetwork(options: Options): void {
  const { url } = options
  const name = (['rtt', 'jitter', 'loss', 'bandwidth'] as const).find((name) => options[name] > 0)
  if (!url || name === undefined || /^(?:http|ws):$/.test(url.protocol)) return
  // A certificate would not have the name of the relay.
  throw new CompareError(
    `--${name} is "${options[name]}", and --url is "${url.origin}", which is encrypted. Give an address with http: or ws:, or leave out --${name}.`,
  )
}
