import type { Flags } from '../flags.ts'
import { wayHere } from '../start/environment.ts'
import type { Environment, Forwarding } from '../start/environment.ts'
import { invitation } from '../start/invitation.ts'
import type { Terminal } from '../start/invitation.ts'
import { isReachable } from '../start/join-addresses.ts'
import { othersText } from '../start/other-listeners.ts'
import type { ServerSettings } from './settings.ts'

/** What the start of a server has found out. */
export interface Started {
  readonly flags: Flags
  readonly settings: ServerSettings
  readonly port: number
  /** Origins of this server for links, the forwarded ones last. */
  readonly addresses: readonly string[]
  /** Addresses at which a class joins, the likeliest first. */
  readonly joinAt: readonly string[]
  /** Addresses on which other programs listen on the same port. */
  readonly others: readonly string[]
  readonly forwarding: Forwarding | null
  readonly env: Environment
  readonly terminal: Terminal
}

/** Returns the lines that the server prints at its start: its addresses, warnings and secrets. */
export function announcement(started: Started): readonly string[] {
  const { flags, settings, port, addresses, others, forwarding, env } = started
  const warning = othersText(others, port)
  const way = settings.isShared ? null : wayHere(env, port)
  return [
    `Fourwire is at ${addresses.join(' and ')}`,
    ...(warning === null ? [] : [warning]),
    ...(forwarding ? [`${forwarding.service} was recognised: open the https:// address in your browser.`] : []),
    ...(way === null ? [] : [way]),
    placeOfEvents(flags),
    ...(flags.workers > 1 ? [`${flags.workers} workers serve this port.`] : []),
    ...forInstructor(started),
    ...forPeople(started),
    ...(flags.limits ? [] : ['Limits are off: one client can use up all resources of this server.']),
  ]
}

function placeOfEvents({ redis, data }: Flags): string {
  if (redis !== undefined) return 'Events are kept in Redis.'
  return data === ':memory:'
    ? 'Events are kept in memory. They are lost when this process ends.'
    : `Events are kept in ${data}.`
}

function forInstructor({ flags, settings: { instructorToken }, addresses, joinAt }: Started): readonly string[] {
  if (instructorToken === undefined) return []
  if (flags.instructorToken !== undefined)
    return ['The instructor uses the chosen token. Enter it in the settings of the page.']
  const origin = instructorOrigin(addresses, joinAt)
  const fragment = `#token=${encodeURIComponent(instructorToken)}`
  return [
    `The instructor opens this link: ${origin}/${fragment}`,
    `The instructor leads a class with this link: ${origin}/presenter${fragment}`,
  ]
}

function forPeople({ flags, settings: { signIn, isShared }, joinAt, terminal }: Started): readonly string[] {
  return [
    ...(signIn === undefined ? [] : [signInText(flags, signIn)]),
    ...(isShared && joinAt.some(isReachable) ? invitation(joinAt, flags.qr, terminal) : []),
  ]
}

function signInText({ password }: Flags, signIn: NonNullable<ServerSettings['signIn']>): string {
  if ('roster' in signIn) return `The people in ${signIn.roster.file} may sign in, each with their own code.`
  if (password !== undefined) return 'Everybody who knows the chosen password may sign in.'
  return `Everybody who knows this password may sign in: ${signIn.password}`
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
