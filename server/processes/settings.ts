import { readFileSync } from 'node:fs'
import { readRoster } from '../access/roster.ts'
import { newToken } from '../access/tokens.ts'
import type { Flags } from '../flags.ts'
import { isLoopback } from '../http/origin.ts'
import type { LogLevel } from '../http/logging.ts'
import type { Scene } from '../protocol/show.ts'
import type { ServerAddresses } from '../start/addresses.ts'

/**
 * Everything that a server must know before it can start. The settings are plain data, so that one process can choose
 * them, and others can use them.
 */
export interface ServerSettings {
  /** IP address on which the server listens. */
  readonly host: string
  readonly port: number
  /** Host names of this server, in addition to the loopback names. */
  readonly hosts: readonly string[]
  /** Public origins whose requests a service forwards to this server. */
  readonly ownOrigins: readonly string[]
  readonly allowOrigins: readonly string[]
  /** True if other machines can reach the server, or if it is behind a proxy. */
  readonly isShared: boolean
  readonly instructorToken: string | undefined
  /** Undefined if nobody has to sign in. */
  readonly signIn: SignIn | undefined
  /** As in `--trust-proxy`. */
  readonly trustProxy: string | undefined
  readonly limits: boolean
  readonly wire: boolean
  readonly log: LogLevel
  /** Absolute path of the event log's file. `:memory:` if this process writes no file. */
  readonly data: string
  readonly redis: string | undefined
  readonly redisReplicas: number
  /** Undefined for the scenes of this repository. */
  readonly scenes: readonly Scene[] | undefined
}

/** What people need to sign in: a password that all share, or a code of their own in the roster. */
export type SignIn = { readonly password: string } | { readonly roster: TextFile }

export interface TextFile {
  readonly file: string
  readonly text: string
}

/** Properties of the server that are known before its settings. */
export interface Reached {
  readonly place: ServerAddresses
  readonly port: number
  readonly ownOrigins: readonly string[]
}

/**
 * Chooses the settings: reads the files that the flags name, and creates the instructor's token and the password if a
 * shared server needs them. Throws an error that names the flag if a file cannot be read or is wrong.
 */
export async function chooseSettings(flags: Flags, { place, port, ownOrigins }: Reached): Promise<ServerSettings> {
  const { allowHosts, allowOrigins, trustProxy, limits, wire, log, redis, redisReplicas, scenes } = flags
  const isShared =
    flags.auth || allowHosts.length > 0 || trustProxy !== undefined || !isLoopback(place.host) || ownOrigins.length > 0
  return {
    host: place.host,
    port,
    hosts: [...place.names, ...ownOrigins.map((origin) => new URL(origin).hostname), ...allowHosts],
    ownOrigins,
    allowOrigins,
    isShared,
    instructorToken: flags.instructorToken ?? (isShared ? newToken() : undefined),
    signIn: signInOf(flags),
    trustProxy,
    limits,
    wire,
    log,
    // Workers would overwrite each other's files.
    data: flags.workers > 1 ? ':memory:' : flags.data,
    redis,
    redisReplicas,
    scenes: scenes === undefined ? undefined : await scenesIn(readText(scenes, '--scenes')),
  }
}

function signInOf({ auth, password, roster }: Flags): SignIn | undefined {
  if (!auth) return undefined
  if (roster === undefined) return { password: password ?? newToken() }
  if (password !== undefined)
    throw new Error(
      '--roster and --password are both given. With --roster each person has a code of their own, so omit --password.',
    )
  const file = readText(roster, '--roster')
  // Only the text is kept, but a mistake in it must end the start.
  readRoster(file.text, file.file)
  return { roster: file }
}

async function scenesIn({ text, file }: TextFile): Promise<readonly Scene[]> {
  // Load this module late, so that a missing package is reported by its name.
  const { readScenes } = await import('../show/scenes.ts')
  return readScenes(text, file)
}

function readText(file: string, flag: string): TextFile {
  try {
    return { file, text: readFileSync(file, 'utf8') }
  } catch (error) {
    throw new Error(`${flag} is "${file}", which cannot be read: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    })
  }
}
