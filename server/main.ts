/**
 * Starts the server with the settings in the flags and the environment variables. Only this file reads the arguments
 * and the environment.
 */
import './start/node-version.ts'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { AuthOptions } from './access/session-routes.ts'
import { isLoopback } from './http/origin.ts'
import { readRoster } from './access/roster.ts'
import { newToken } from './access/tokens.ts'
import { listenTrouble, ownAddresses, placeOf } from './start/addresses.ts'
import type { ServerAddresses } from './start/addresses.ts'
import { onEnding, outliveReaders } from './start/ending.ts'
import { forwardingIn, wayHere } from './start/environment.ts'
import { RETENTION } from './feed/log.ts'
import type { Log } from './feed/log.ts'
import { memoryLog } from './feed/memory-log.ts'
import { sqliteLog } from './feed/sqlite-log.ts'
import { HELP, readFlags } from './flags.ts'
import type { Flags } from './flags.ts'
import { kitOf } from './lessons/kit.ts'
import { invitation } from './start/invitation.ts'
import { isReachable, joinAddresses, outgoingAddress } from './start/join-addresses.ts'
import { LOCALHOST, freePort, listenersOn, othersText, ownLinkNames } from './start/other-listeners.ts'
import { startTrouble } from './start/start-trouble.ts'
import type { App } from './http/app-type.ts'

/**
 * Number of connections that may wait until the server accepts them. The kernel drops further ones, and their clients try
 * again only after one second, then two, then four. So a small number makes some clients late when thousands of them
 * return at once after a restart. Linux limits the number to `net.core.somaxconn`. Default of Node: 511.
 */
const BACKLOG = 16_384

/**
 * Time limit of the shutdown. The goodbyes take milliseconds; after the time limit, the server closes the remaining
 * connections.
 */
const SHUTDOWN_MS = 1500

const BAD_USAGE = 2

outliveReaders()

await main().catch((error: unknown) => give(startTrouble(error)))

async function main(): Promise<void> {
  const flags = readFlags(process.argv.slice(2), process.env)
  if (flags.help) return console.log(HELP)
  const place = await placeOf(flags.host, flags.hostFlag)
  const forwarding = forwardingIn(process.env)
  // A forwarding service gives the server a public name that contains the port. The server must allow this name before
  // it listens, so a free port replaces port 0 here.
  const port = flags.port === 0 && forwarding ? await freePort(place.host) : flags.port
  const ownOrigins = forwarding ? [forwarding.originOf(port)] : []
  const present = listenersOn(port, [...LOCALHOST, ...place.addresses])
  const log = await logOf(flags)
  const { wire, log: logLevel } = flags
  const isShared =
    flags.auth ||
    flags.allowHosts.length > 0 ||
    flags.trustProxy !== undefined ||
    !isLoopback(place.host) ||
    forwarding !== null
  const token = flags.instructorToken ?? (isShared ? newToken() : undefined)
  const auth = authOf(flags)
  // Load these modules late, so that a mistyped flag is refused early and a missing package is reported by its name.
  const { createAccess } = await import('./access/access.ts')
  const { sessionFile } = await import('./access/session-file.ts')
  const { showFile } = await import('./show/show-file.ts')
  const { readScenes } = await import('./show/scenes.ts')
  const { createApp } = await import('./app.ts')
  const access = createAccess({
    hosts: [...place.names, ...ownOrigins.map((origin) => new URL(origin).hostname), ...flags.allowHosts],
    ownOrigins,
    allowOrigins: flags.allowOrigins,
    isShared,
    instructorToken: token,
    auth,
    sessionFile: flags.data === ':memory:' ? null : sessionFile(flags.data.replace(/(\.\w+)?$/, '.sessions.json')),
  })
  // The port is known only after the start. No request arrives before it.
  let joinAt: readonly string[] = []
  const app = await createApp({
    log,
    access,
    limits: flags.limits && {},
    trustProxy: flags.trustProxy,
    wire,
    logLevel,
    kit: process.send && kitOf(process),
    joinAddresses: () => joinAt,
    scenes: flags.scenes === undefined ? undefined : readScenes(textOf(flags.scenes, '--scenes'), flags.scenes),
    showFile: flags.data === ':memory:' ? null : showFile(flags.data),
  })
  const listeners = await present
  await listen(app, place, port, listeners)
  closeOnSignals(app)

  // This server now listens at `place.host`, so no other program listens at this address.
  const others = listeners.filter((address) => address !== place.host)
  const local = ownLinkNames(place, others).map((name) => `http://${name}:${portOf(app)}`)
  const addresses = [...local, ...ownOrigins]
  joinAt = joinAddresses({
    origins: local,
    forwarded: ownOrigins,
    allowHosts: flags.allowHosts,
    port: portOf(app) ?? port,
    own: ownAddresses(),
    outgoing: await outgoingAddress(),
  })
  console.log(`Fourwire is at ${addresses.join(' and ')}`)
  const warning = othersText(others, port)
  if (warning !== null) console.log(warning)
  if (forwarding) console.log(`${forwarding.service} was recognised: open the https:// address in your browser.`)
  const way = isShared ? null : wayHere(process.env, portOf(app) ?? port)
  if (way !== null) console.log(way)
  console.log(placeOfEvents(flags))
  if (flags.instructorToken !== undefined)
    console.log('The instructor uses the chosen token. Enter it in the settings of the page.')
  else if (token !== undefined) {
    const origin = instructorOrigin(addresses, joinAt)
    const fragment = `#token=${encodeURIComponent(token)}`
    console.log(`The instructor opens this link: ${origin}/${fragment}`)
    console.log(`The instructor leads a class with this link: ${origin}/presenter${fragment}`)
  }
  if (flags.roster !== undefined) console.log(`The people in ${flags.roster} may sign in, each with their own code.`)
  else if (flags.password !== undefined) console.log('Everybody who knows the chosen password may sign in.')
  else if (auth?.password !== undefined) console.log(`Everybody who knows this password may sign in: ${auth.password}`)
  if (isShared && joinAt.some(isReachable))
    for (const line of invitation(joinAt, flags.qr, process.stdout)) console.log(line)
  if (!flags.limits) console.log('Limits are off: one client can use up all resources of this server.')
  if (flags.open && local[0]) openBrowser(local[0])
}

async function logOf({ redis, data }: Flags): Promise<Log> {
  if (redis !== undefined) {
    // Load this module only with `--redis`, so that a server without Redis loads nothing of it.
    const { redisLog } = await import('./redis/redis-log.ts')
    return redisLog(redis, RETENTION, console.log)
  }
  return data === ':memory:' ? memoryLog() : sqliteLog(data, RETENTION, console.log)
}

function placeOfEvents({ redis, data }: Flags): string {
  if (redis !== undefined) return 'Events are kept in Redis.'
  return data === ':memory:'
    ? 'Events are kept in memory. They are lost when this process ends.'
    : `Events are kept in ${data}.`
}

function authOf({ auth, password, roster }: Flags): AuthOptions | undefined {
  if (!auth) return undefined
  if (roster === undefined) return { password: password ?? newToken() }
  if (password !== undefined)
    throw new Error(
      '--roster and --password are both given. With --roster each person has a code of their own, so omit --password.',
    )
  return { roster: readRoster(textOf(roster, '--roster'), roster) }
}

function textOf(file: string, flag: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(`${flag} is "${file}", which cannot be read: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    })
  }
}

/**
 * Returns the origin of the instructor's links. The fragment of each link contains the token. Browsers do not send a
 * fragment to servers, so no log contains the token. The page removes the token from its address.
 */
function instructorOrigin(addresses: readonly string[], joinAt: readonly string[]): string {
  // Prefer an address that other machines can reach.
  const ranked = addresses.toSorted(
    (a, b) => Number(joinAt.includes(`${b}/join`)) - Number(joinAt.includes(`${a}/join`)),
  )
  return addresses.findLast((address) => address.startsWith('https:')) ?? ranked[0] ?? ''
}

async function listen(app: App, { host }: ServerAddresses, port: number, others: readonly string[]): Promise<void> {
  try {
    await app.listen({ host, port, backlog: BACKLOG, listenTextResolver: (address) => `listening at ${address}` })
  } catch (cause) {
    await app.close()
    throw new Error(listenTrouble(cause, host, port, others), { cause })
  }
}

/** Ends the app on SIGTERM and Ctrl-C, with a goodbye to every client. A second signal ends the process at once. */
function closeOnSignals(app: App): void {
  const close = async (signal: string): Promise<void> => {
    app.log.info({ signal }, 'stopping')
    setTimeout(() => app.server.closeAllConnections(), SHUTDOWN_MS).unref()
    await app.close()
    app.log.info('stopped')
    process.exit(0)
  }
  onEnding(
    process.env['FOURWIRE_LAUNCHER'],
    (signal) => void close(signal),
    () => process.exit(1),
  )
}

/** Returns the port that the server listens on. If the chosen port was 0, the system has chosen a free port. */
function portOf(app: App): number | undefined {
  const bound = app.server.address()
  return typeof bound === 'object' ? bound?.port : undefined
}

function openBrowser(address: string): void {
  const [command, ...args] = { darwin: ['open'], win32: ['cmd', '/c', 'start', ''] }[String(process.platform)] ?? [
    'xdg-open',
  ]
  spawn(command ?? 'xdg-open', [...args, address], { stdio: 'ignore', detached: true })
    .on('error', () => console.log(`No browser could be opened. Open ${address} yourself.`))
    .unref()
}

function give(why: string): never {
  console.error(why)
  process.exit(BAD_USAGE)
}
