/**
 * Starts the server with the settings in the flags and the environment variables. Only this file reads the arguments
 * and the environment.
 */
import './start/node-version.ts'
import { HELP, readFlags } from './flags.ts'
import { kitOf } from './lessons/kit.ts'
import { announcement } from './processes/announcement.ts'
import type { RunningServer } from './processes/running.ts'
import { chooseSettings } from './processes/settings.ts'
import type { ServerSettings } from './processes/settings.ts'
import { ownAddresses, placeOf } from './start/addresses.ts'
import { openBrowser } from './start/browser.ts'
import { onEnding, outliveReaders } from './start/ending.ts'
import { forwardingIn } from './start/environment.ts'
import { joinAddresses, outgoingAddress } from './start/join-addresses.ts'
import { LOCALHOST, freePort, listenersOn, ownLinkNames } from './start/other-listeners.ts'
import { startTrouble } from './start/start-trouble.ts'

const FAILED = 1
const BAD_USAGE = 2

outliveReaders()

await main().catch((error: unknown) => give(startTrouble(error), BAD_USAGE))

async function main(): Promise<void> {
  const { argv, env } = process
  const flags = readFlags(argv.slice(2), env)
  if (flags.help) return console.log(HELP)
  const place = await placeOf(flags.host, flags.hostFlag)
  const forwarding = forwardingIn(env)
  // A forwarding service gives the server a public name that contains the port. The server must allow this name before
  // it listens, so a free port replaces port 0 here. Workers that start at different times must have one port as well.
  const isFixed = forwarding !== null || flags.workers > 1
  const chosenPort = flags.port === 0 && isFixed ? await freePort(place.host) : flags.port
  const ownOrigins = forwarding ? [forwarding.originOf(chosenPort)] : []
  const present = listenersOn(chosenPort, [...LOCALHOST, ...place.addresses])
  const settings = await chooseSettings(flags, { place, port: chosenPort, ownOrigins })
  const server = await (flags.workers > 1 ? startWorkers : startHere)(settings, present, flags.workers)
  onEnding(
    env['FOURWIRE_LAUNCHER'],
    (signal) => void server.end(signal).then(() => process.exit(0)),
    () => {
      server.endNow()
      process.exit(FAILED)
    },
  )

  const { port } = server
  // This server now listens at `place.host`, so no other program listens at this address.
  const others = (await present).filter((address) => address !== place.host)
  const local = ownLinkNames(place, others).map((name) => `http://${name}:${port}`)
  const joinAt = joinAddresses({
    origins: local,
    forwarded: ownOrigins,
    allowHosts: flags.allowHosts,
    port,
    own: ownAddresses(),
    outgoing: await outgoingAddress(),
  })
  server.joinAt(joinAt)
  const addresses = [...local, ...ownOrigins]
  const started = { flags, settings, port, addresses, joinAt, others, forwarding, env, terminal: process.stdout }
  for (const line of announcement(started)) console.log(line)
  if (flags.open && local[0]) openBrowser(local[0], console.log)
}

async function startHere(settings: ServerSettings, others: Promise<readonly string[]>): Promise<RunningServer> {
  // Load this module late, so that a mistyped flag is refused early and a missing package is reported by its name.
  const { runServer } = await import('./processes/run.ts')
  return runServer(settings, { others, kit: process.send && kitOf(process), report: console.log })
}

async function startWorkers(
  settings: ServerSettings,
  others: Promise<readonly string[]>,
  count: number,
): Promise<RunningServer> {
  // Load this module late, because a server without workers does not need it.
  const { runWorkers } = await import('./processes/workers.ts')
  const workers = await runWorkers(settings, {
    count,
    others: await others,
    report: console.log,
    failed: (why) => give(why, FAILED),
  })
  process.on('SIGUSR2', () => void workers.restart())
  return workers
}

function give(why: string, code: number): never {
  console.error(why)
  process.exit(code)
}
