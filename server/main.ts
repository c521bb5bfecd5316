/**
 * Starts the server with the settings in the flags and the environment variables. Only this file reads the arguments
 * and the environment.
 */
import './start/node-version.ts'
import { HELP, readFlags } from './flags.ts'
import { kitOf } from './lessons/kit.ts'
import { announcement } from './processes/announcement.ts'
import { chooseSettings } from './processes/settings.ts'
import { ownAddresses, placeOf } from './start/addresses.ts'
import { openBrowser } from './start/browser.ts'
import { onEnding, outliveReaders } from './start/ending.ts'
import { forwardingIn } from './start/environment.ts'
import { joinAddresses, outgoingAddress } from './start/join-addresses.ts'
import { LOCALHOST, freePort, listenersOn, ownLinkNames } from './start/other-listeners.ts'
import { startTrouble } from './start/start-trouble.ts'

const BAD_USAGE = 2

outliveReaders()

await main().catch((error: unknown) => {
  console.error(startTrouble(error))
  process.exit(BAD_USAGE)
})

async function main(): Promise<void> {
  const { argv, env } = process
  const flags = readFlags(argv.slice(2), env)
  if (flags.help) return console.log(HELP)
  const place = await placeOf(flags.host, flags.hostFlag)
  const forwarding = forwardingIn(env)
  // A forwarding service gives the server a public name that contains the port. The server must allow this name before
  // it listens, so a free port replaces port 0 here.
  const chosenPort = flags.port === 0 && forwarding ? await freePort(place.host) : flags.port
  const ownOrigins = forwarding ? [forwarding.originOf(chosenPort)] : []
  const present = listenersOn(chosenPort, [...LOCALHOST, ...place.addresses])
  const settings = await chooseSettings(flags, { place, port: chosenPort, ownOrigins })
  // Load this module late, so that a mistyped flag is refused early and a missing package is reported by its name.
  const { runServer } = await import('./processes/run.ts')
  const server = await runServer(settings, {
    others: present,
    kit: process.send && kitOf(process),
    report: console.log,
  })
  onEnding(
    env['FOURWIRE_LAUNCHER'],
    (signal) => void server.end(signal).then(() => process.exit(0)),
    () => {
      server.endNow()
      process.exit(1)
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
