/** From flags and environment to a running server. Nothing else reads argv, the environment, or signals. */
import { spawn } from 'node:child_process'
import { createAccess, isLoopback } from './access.ts'
import { RETENTION } from './feed/log.ts'
import { memoryLog } from './feed/memory-log.ts'
import { sqliteLog } from './feed/sqlite-log.ts'
import { HELP, addressNames, readFlags } from './flags.ts'
import type { Flags } from './flags.ts'
import { kitOf } from './lessons/kit.ts'
import { newToken } from './instructor-token.ts'
import type { App } from './transports/transport.ts'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 12))
  give(`Fourwire needs Node 24.12 or later and this is ${process.version}. Start it with npm start: that brings one.`)

/** The goodbyes take milliseconds; a client that has not left by then is cut. */
const SHUTDOWN_MS = 1500

const BAD_USAGE = 2

await main().catch((error: unknown) => give(error instanceof Error ? error.message : String(error)))

async function main(): Promise<void> {
  const flags = readFlags(process.argv.slice(2), process.env)
  if (flags.help) return console.log(HELP)
  const names = addressNames(flags.host)
  const log = flags.data === ':memory:' ? memoryLog() : sqliteLog(flags.data, RETENTION, console.log)
  const { wire, log: logLevel } = flags
  const made = isLoopback(flags.host) ? undefined : newToken()
  const access = createAccess([...names, ...flags.allowHosts], { token: flags.instructorToken ?? made })
  const password = flags.auth ? (flags.password ?? newToken()) : undefined
  // Here, and not above: a flag that is mistyped is answered before all of the server is loaded.
  const { createApp } = await import('./app.ts')
  const app = await createApp({
    log,
    access,
    auth: password === undefined ? undefined : { password },
    limits: flags.limits && {},
    wire,
    logLevel,
    kit: process.send && kitOf(process),
  })
  await listen(app, flags)
  closeOnSignals(app)

  const addresses = names.map((name) => `http://${name}:${portOf(app)}`)
  console.log(`Fourwire is at ${addresses.join(' and ')}`)
  console.log(
    flags.data === ':memory:'
      ? 'Events are kept in memory and end with this process.'
      : `Events are kept in ${flags.data}.`,
  )
  if (flags.instructorToken !== undefined) console.log('Whoever enters the chosen token is the instructor.')
  else if (made !== undefined)
    console.log(`To be the instructor on another machine, enter there in the settings: ${made}`)
  if (flags.password !== undefined) console.log('Who knows the chosen password may read and publish.')
  else if (password !== undefined) console.log(`Only who knows this password may read and publish: ${password}`)
  if (!flags.limits) console.log('Limits are off: one client can take all there is.')
  if (flags.open && addresses[0]) openBrowser(addresses[0])
}

async function listen(app: App, { host, port }: Flags): Promise<void> {
  try {
    await app.listen({ host, port, listenTextResolver: (address) => `listening at ${address}` })
  } catch (cause) {
    await app.close()
    throw new Error(listenTrouble(cause, host, port), { cause })
  }
}

function listenTrouble(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') {
    return `Port ${port} on ${host} is in use. Stop what is there, or name another: npm start -- --port ${port + 1}`
  }
  if (code === 'EADDRNOTAVAIL')
    return `${host} is no address of this machine. Leave --host out, or use --lan for all of them.`
  if (code === 'EACCES') return `Port ${port} is for root only. Name one above 1023: npm start -- --port 3000`
  return String(error)
}

/** SIGTERM and Ctrl-C say goodbye to every client; a second one ends the process at once. */
function closeOnSignals(app: App): void {
  let closing = false
  const close = async (signal: string): Promise<void> => {
    if (closing) process.exit(1)
    closing = true
    app.log.info({ signal }, 'stopping')
    setTimeout(() => app.server.closeAllConnections(), SHUTDOWN_MS).unref()
    await app.close()
    app.log.info('stopped')
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void close(signal))
}

/** Which port it became, where 0 was asked for. */
function portOf(app: App): number | undefined {
  const bound = app.server.address()
  return typeof bound === 'object' ? bound?.port : undefined
}

function openBrowser(address: string): void {
  const [command, ...args] = { darwin: ['open'], win32: ['cmd', '/c', 'start', ''] }[String(process.platform)] ?? [
    'xdg-open',
  ]
  spawn(command ?? 'xdg-open', [...args, address], { stdio: 'ignore', detached: true })
    .on('error', () => console.log(`No browser could be opened; go to ${address}`))
    .unref()
}

function give(why: string): never {
  console.error(why)
  process.exit(BAD_USAGE)
}
