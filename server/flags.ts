import { existsSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve, sep } from 'node:path'
import { parseArgs } from 'node:util'
import { originOf } from './http/origin.ts'
import { plainToken } from './access/tokens.ts'
import { LOG_LEVELS } from './http/logging.ts'
import type { LogLevel } from './http/logging.ts'
import { readProxies } from './access/trusted-proxies.ts'
import { START } from './start/installed.ts'

export interface Flags {
  readonly port: number
  /** Address or host name that the user has given; `placeOf` interprets it. */
  readonly host: string
  /** Name of the flag or environment variable that gave `host`. */
  readonly hostFlag: string
  readonly allowHosts: readonly string[]
  /** Proxies as `readProxies` reads them. Undefined if no proxy is trusted. */
  readonly trustProxy: string | undefined
  /** Allowed origins in normalised form, such as `http://localhost:5173`. */
  readonly allowOrigins: readonly string[]
  /** Undefined if the user has chosen no token. */
  readonly instructorToken: string | undefined
  /** True if people must sign in before they read and publish. */
  readonly auth: boolean
  /** Undefined if the user has chosen no password. */
  readonly password: string | undefined
  /** Path of the class's roster. If undefined, everybody who knows the password may sign in. */
  readonly roster: string | undefined
  /** Path of a file with scenes for the show. If undefined, the show has the scenes of this repository. */
  readonly scenes: string | undefined
  /** Absolute path of the event log's file, or `:memory:`. */
  readonly data: string
  /** Address of the Redis that stores the event log. Undefined if the log is a file. */
  readonly redis: string | undefined
  /** Number of processes that serve the port. If it is more than 1, `redis` is set. */
  readonly workers: number
  /** Number of replicas of this Redis that must confirm an event before the server acknowledges it. */
  readonly redisReplicas: number
  /**
   * True if the server limits rates and counts. Benchmarks switch these limits off. The limits of sizes always apply.
   */
  readonly limits: boolean
  /** True if the server counts bytes. Benchmarks switch the counting off. */
  readonly wire: boolean
  readonly log: LogLevel
  readonly open: boolean
  /** True if the server prints a QR code. Undefined if this depends on the terminal. */
  readonly qr: boolean | undefined
  readonly help: boolean
}

export const HELP = `Fourwire: one chat feed by short polling, long polling, SSE and WebSocket, measured truthfully.

  ${START} [flags]

  --port N           port to listen on; 0 chooses a free port       (3000)
  --host ADDRESS     address to listen on                           (127.0.0.1)
  --lan              listen on all addresses of this machine
  --allow-host NAME  accept requests for this host name too; repeatable
  --trust-proxy WHO  trust the X-Forwarded-For of this proxy: loopback,
                     addresses and networks, or the number of proxies
  --allow-origin URL let pages of this origin read and publish too,
                     for example http://localhost:5173; repeatable
  --instructor-token TOKEN
                     token that makes its owner the instructor of   (random)
                     a shared server; at least 12 characters
  --auth             require people to sign in with a name and the
                     password before they can read or publish
  --password TEXT    password of the class, at least 12 characters; (random)
                     implies --auth
  --roster FILE      let only the people in this file sign in, each with
                     a code; a line is name,code; implies --auth
  --scenes FILE      show these scenes at /stage instead of the usual
                     ones; a JSON file
  --data PATH        file or folder of the event log, or :memory:   (./data)
  --redis URL        store the event log in this Redis, which several
                     Fourwires may share: redis://HOST:PORT
  --workers N        serve the port with N processes, which share   (1)
                     their events through Redis; needs --redis
  --redis-replicas N acknowledge a message only after N replicas    (0)
                     of this Redis have it
  --limits on|off    limit each client and each address;            (on)
                     off is only for benchmarks
  --wire on|off      count every byte of each lane; off is only     (on)
                     for benchmarks
  --log LEVEL        silent, error, warn, info or debug, on stderr  (info)
  --open             open the page in a browser
  --qr on|off        print the QR code of the address at which a    (on in a
                     class joins                                     terminal)
  --help             print this text

Each flag is also an environment variable: FOURWIRE_PORT, FOURWIRE_ALLOW_HOST (comma-separated)
and so on. PORT and HOST are read too. A flag has precedence over a variable.`

const OPTIONS = {
  port: { type: 'string' },
  host: { type: 'string' },
  lan: { type: 'boolean' },
  'allow-host': { type: 'string', multiple: true },
  'trust-proxy': { type: 'string' },
  'allow-origin': { type: 'string', multiple: true },
  'instructor-token': { type: 'string' },
  auth: { type: 'boolean' },
  password: { type: 'string' },
  roster: { type: 'string' },
  scenes: { type: 'string' },
  data: { type: 'string' },
  redis: { type: 'string' },
  workers: { type: 'string' },
  'redis-replicas': { type: 'string' },
  limits: { type: 'string' },
  wire: { type: 'string' },
  log: { type: 'string' },
  open: { type: 'boolean' },
  qr: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

/**
 * Reads the flags and the environment variables. Throws an error if a value is wrong. The message of the error names
 * the flag, quotes the value and says what to do.
 */
export function readFlags(args: readonly string[], env: Record<string, string | undefined>): Flags {
  const given = parse(args)
  const { host, hostFlag } = hostOf(given, env)
  const roster = given.roster ?? (env['FOURWIRE_ROSTER'] || undefined)
  const redis = given.redis ?? (env['FOURWIRE_REDIS'] || undefined)
  const password = secretOf(given.password ?? env['FOURWIRE_PASSWORD'], '--password', 'with --auth')
  return {
    host,
    hostFlag,
    port: portOf(given.port ?? env['FOURWIRE_PORT'] ?? env['PORT'] ?? '3000'),
    allowHosts: given['allow-host'] ?? env['FOURWIRE_ALLOW_HOST']?.split(',').filter(Boolean) ?? [],
    trustProxy: proxiesOf(given['trust-proxy'] ?? env['FOURWIRE_TRUST_PROXY']),
    allowOrigins: (given['allow-origin'] ?? env['FOURWIRE_ALLOW_ORIGIN']?.split(',').filter(Boolean) ?? []).map(
      originFrom,
    ),
    instructorToken: secretOf(
      given['instructor-token'] ?? env['FOURWIRE_INSTRUCTOR_TOKEN'],
      '--instructor-token',
      'for a server that others can reach',
    ),
    auth: password !== undefined || roster !== undefined || (given.auth ?? on(env['FOURWIRE_AUTH'], 'FOURWIRE_AUTH')),
    password,
    roster,
    scenes: given.scenes ?? (env['FOURWIRE_SCENES'] || undefined),
    data: fileOf(given.data ?? env['FOURWIRE_DATA'] ?? 'data'),
    redis,
    workers: workersOf(given.workers ?? env['FOURWIRE_WORKERS'], redis),
    redisReplicas: replicasOf(given['redis-replicas'] ?? env['FOURWIRE_REDIS_REPLICAS'], redis),
    limits: on(given.limits ?? env['FOURWIRE_LIMITS'] ?? 'on', '--limits'),
    wire: on(given.wire ?? env['FOURWIRE_WIRE'] ?? 'on', '--wire'),
    log: levelOf(given.log ?? env['FOURWIRE_LOG'] ?? 'info'),
    open: given.open ?? on(env['FOURWIRE_OPEN'], 'FOURWIRE_OPEN'),
    qr: onIfGiven(given.qr ?? env['FOURWIRE_QR'], '--qr'),
    help: given.help ?? false,
  }
}

/**
 * Reads the address to listen on. An empty value counts as no value, because a script passes an empty value if its
 * variable is not set.
 */
function hostOf(
  { lan, host }: { readonly lan?: boolean | undefined; readonly host?: string | undefined },
  env: Record<string, string | undefined>,
): Pick<Flags, 'host' | 'hostFlag'> {
  if (lan && host) throw new Error(`--lan and --host ${host} contradict each other. Use only one of these flags.`)
  if (lan) return { host: '0.0.0.0', hostFlag: '--lan' }
  if (host) return { host, hostFlag: '--host' }
  if (lan === undefined && on(env['FOURWIRE_LAN'], 'FOURWIRE_LAN')) return { host: '0.0.0.0', hostFlag: 'FOURWIRE_LAN' }
  for (const name of ['FOURWIRE_HOST', 'HOST']) {
    const value = env[name]
    if (value) return { host: value, hostFlag: name }
  }
  return { host: '127.0.0.1', hostFlag: '--host' }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\nSee ${START} --help`, { cause: error })
  }
}

function portOf(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new Error(
    `--port is "${text}", which is not a port. Give a whole number from 0 to 65535; 0 chooses a free port.`,
  )
}

/** Each worker needs memory and two connections to Redis, so more of them than processors only cost something. */
const MOST_WORKERS = 64

function workersOf(text: string | undefined, redis: string | undefined): number {
  if (text === undefined || text === '') return 1
  const workers = Number(text)
  if (!/^\d{1,3}$/.test(text) || workers < 1 || workers > MOST_WORKERS)
    throw new Error(
      `--workers is "${text}", which is not a number of workers. Give a whole number from 1 to ${MOST_WORKERS}, for example the number of processors of this machine (${availableParallelism()}).`,
    )
  if (workers > 1 && redis === undefined)
    throw new Error(
      `--workers is ${workers}, but --redis is not given. Workers share their events through Redis, so give its address as well (--redis redis://HOST:PORT), or omit --workers.`,
    )
  return workers
}

function replicasOf(text: string | undefined, redis: string | undefined): number {
  if (text === undefined || text === '' || text === '0') return 0
  if (!/^[1-9]\d?$/.test(text))
    throw new Error(
      `--redis-replicas is "${text}", which is not a number of replicas. Give a whole number from 0 to 99.`,
    )
  if (redis === undefined)
    throw new Error(`--redis-replicas is "${text}", but there is no --redis. Give the address of the Redis.`)
  return Number(text)
}

function proxiesOf(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined
  // This throws an error if the text is wrong.
  readProxies(text)
  return text
}

function originFrom(text: string): string {
  const origin = originOf(text.trim())
  if (origin !== null) return origin
  const near = URL.parse(text.trim())
  const meant = near !== null && /^https?:$/.test(near.protocol) ? near.origin : 'http://localhost:5173'
  const why =
    text.trim() === '*'
      ? 'would let every site read and publish'
      : 'is not an origin: a scheme, a host, a port if it has one, and nothing after that'
  throw new Error(
    `--allow-origin is "${text}", which ${why}. Give each origin with its own --allow-origin, such as ${meant}`,
  )
}

/**
 * Checks a secret that the user has chosen. A secret must fit into a header, and must be so long that ten guesses a
 * minute do not find it.
 */
function secretOf(text: string | undefined, flag: string, when: string): string | undefined {
  if (text === undefined || text === '') return undefined
  const { length } = plainToken(text)
  if (/^[\x20-\x7e]*$/.test(text) && length >= SECRET_LENGTH) return text
  // The value is a secret, so the error does not show the value in the terminal.
  throw new Error(
    `${flag} has ${length} characters (spaces and hyphens do not count). Give at least ${SECRET_LENGTH} ASCII letters, digits or signs. Or omit the flag: ${when}, the server chooses one.`,
  )
}

const SECRET_LENGTH = 12

/**
 * Returns the path of the log's file. If `path` is a folder, the file is `feed.db` in this folder. A path that ends
 * with a slash, or a new path without an extension, counts as a folder.
 */
function fileOf(path: string): string {
  if (path === ':memory:') return path
  const isFolder = existsSync(path)
    ? statSync(path).isDirectory()
    : path.endsWith(sep) || path.endsWith('/') || !/\.\w+$/.test(path)
  return isFolder ? join(resolve(path), 'feed.db') : resolve(path)
}

function levelOf(text: string): LogLevel {
  const level = LOG_LEVELS.find((one) => one === text)
  if (level) return level
  throw new Error(`--log is "${text}". Set it to one of ${LOG_LEVELS.join(', ')}.`)
}

const onIfGiven = (text: string | undefined, name: string): boolean | undefined =>
  text === undefined || text === '' ? undefined : on(text, name)

function on(text: string | undefined, name: string): boolean {
  if (text === undefined || text === '' || text === '0' || text === 'off' || text === 'false') return false
  if (text === '1' || text === 'on' || text === 'true') return true
  throw new Error(`${name} is "${text}". Set it to on or off.`)
}
