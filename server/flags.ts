import { existsSync, statSync } from 'node:fs'
import { hostname, networkInterfaces } from 'node:os'
import { join, resolve, sep } from 'node:path'
import { parseArgs } from 'node:util'
import { plainToken } from './instructor-token.ts'
import { LOG_LEVELS } from './logging.ts'
import type { LogLevel } from './logging.ts'

export interface Flags {
  readonly port: number
  readonly host: string
  readonly allowHosts: readonly string[]
  /** Undefined where none was chosen. */
  readonly instructorToken: string | undefined
  /** Only who knows the password may read and publish. */
  readonly auth: boolean
  /** Undefined where none was chosen. */
  readonly password: string | undefined
  /** The event log's file, absolute, or `:memory:`. */
  readonly data: string
  /** Off lifts counts, never sizes. For benches. */
  readonly limits: boolean
  /** Off leaves the bytes uncounted. For benches. */
  readonly wire: boolean
  readonly log: LogLevel
  readonly open: boolean
  readonly help: boolean
}

export const HELP = `Fourwire: one chat feed by short polling, long polling, SSE and WebSocket, measured truthfully.

  npm start -- [flags]

  --port N           port to listen on; 0 for any that is free      (3000)
  --host ADDRESS     address to listen on                           (127.0.0.1)
  --lan              listen on all addresses of this machine
  --allow-host NAME  a further host name to answer for; repeatable
  --instructor-token TOKEN
                     makes whoever enters it the instructor, on     (a new one
                     any machine; at least 12 characters             with --lan)
  --auth             let only those read and publish who know the
                     password, under the name they sign in with
  --password TEXT    of at least 12 characters; implies --auth      (a new one)
  --data PATH        file or folder of the event log, or :memory:   (./data)
  --limits on|off    how much one client and one address may take;  (on)
                     off is for benches only
  --wire on|off      count every byte, by lane; off is for benches  (on)
  --log LEVEL        silent, error, warn, info or debug, to stderr  (info)
  --open             open the page in a browser
  --help             this text

Each is an environment variable as well: FOURWIRE_PORT, FOURWIRE_ALLOW_HOST (comma-separated)
and so on; PORT and HOST are read too. A flag wins over a variable.`

const OPTIONS = {
  port: { type: 'string' },
  host: { type: 'string' },
  lan: { type: 'boolean' },
  'allow-host': { type: 'string', multiple: true },
  'instructor-token': { type: 'string' },
  auth: { type: 'boolean' },
  password: { type: 'string' },
  data: { type: 'string' },
  limits: { type: 'string' },
  wire: { type: 'string' },
  log: { type: 'string' },
  open: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Throws an error whose message names the flag, quotes the value and says what to do. */
export function readFlags(args: readonly string[], env: Record<string, string | undefined>): Flags {
  const given = parse(args)
  const host =
    (given.lan ?? on(env['FOURWIRE_LAN'], 'FOURWIRE_LAN'))
      ? '0.0.0.0'
      : (given.host ?? env['FOURWIRE_HOST'] ?? env['HOST'] ?? '127.0.0.1')
  const password = secretOf(given.password ?? env['FOURWIRE_PASSWORD'], '--password', 'with --auth')
  return {
    host: host === 'localhost' ? '127.0.0.1' : host,
    port: portOf(given.port ?? env['FOURWIRE_PORT'] ?? env['PORT'] ?? '3000'),
    allowHosts: given['allow-host'] ?? env['FOURWIRE_ALLOW_HOST']?.split(',').filter(Boolean) ?? [],
    instructorToken: secretOf(
      given['instructor-token'] ?? env['FOURWIRE_INSTRUCTOR_TOKEN'],
      '--instructor-token',
      'with --lan',
    ),
    auth: password !== undefined || (given.auth ?? on(env['FOURWIRE_AUTH'], 'FOURWIRE_AUTH')),
    password,
    data: fileOf(given.data ?? env['FOURWIRE_DATA'] ?? 'data'),
    limits: on(given.limits ?? env['FOURWIRE_LIMITS'] ?? 'on', '--limits'),
    wire: on(given.wire ?? env['FOURWIRE_WIRE'] ?? 'on', '--wire'),
    log: levelOf(given.log ?? env['FOURWIRE_LOG'] ?? 'info'),
    open: given.open ?? on(env['FOURWIRE_OPEN'], 'FOURWIRE_OPEN'),
    help: given.help ?? false,
  }
}

/** The names under which an address is reached; all of this machine's for `0.0.0.0` and `::`. */
export function addressNames(host: string): readonly string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host.includes(':') ? `[${host}]` : host]
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const reached = own.filter(({ family, internal }) => !internal && family === 'IPv4').map(({ address }) => address)
  return ['localhost', ...reached, `${hostname().toLowerCase()}`]
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\nSee npm start -- --help`, { cause: error })
  }
}

function portOf(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new Error(
    `--port is "${text}", which is no port. Give a whole number from 0 to 65535; 0 takes any that is free.`,
  )
}

/** As it goes in a header; and so long that ten guesses a minute lead nowhere. */
function secretOf(text: string | undefined, flag: string, when: string): string | undefined {
  if (text === undefined || text === '') return undefined
  const { length } = plainToken(text)
  if (/^[\x20-\x7e]*$/.test(text) && length >= SECRET_LENGTH) return text
  // The value is a secret, and stays out of the terminal.
  throw new Error(
    `${flag} has ${length} characters beside blanks and hyphens. Give at least ${SECRET_LENGTH} letters, digits or signs of ASCII, or leave it out: ${when} the server makes one.`,
  )
}

const SECRET_LENGTH = 12

/** A folder, or a path that ends like one, gets a `feed.db` in it; so does a path without an ending that is not there yet. */
function fileOf(path: string): string {
  if (path === ':memory:') return path
  const isFolder = existsSync(path) ? statSync(path).isDirectory() : path.endsWith(sep) || !/\.\w+$/.test(path)
  return isFolder ? join(resolve(path), 'feed.db') : resolve(path)
}

function levelOf(text: string): LogLevel {
  const level = LOG_LEVELS.find((one) => one === text)
  if (level) return level
  throw new Error(`--log is "${text}". Set it to one of ${LOG_LEVELS.join(', ')}.`)
}

function on(text: string | undefined, name: string): boolean {
  if (text === undefined || text === '' || text === '0' || text === 'off' || text === 'false') return false
  if (text === '1' || text === 'on' || text === 'true') return true
  throw new Error(`${name} is "${text}". Set it to on or off.`)
}
