/**
 * Whose other end is gone while bytes are on their way to it. Only the kernel knows: it sends them
 * again and again, and gives up after a quarter of an hour. Node can neither have it give up earlier
 * (TCP_USER_TIMEOUT) nor ask it about a socket (TCP_INFO), but Linux shows its table to everybody.
 */
import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { isIPv6 } from 'node:net'
import { endianness } from 'node:os'

/** The second holds the IPv4 connections of a server that listens for both as well. */
const TABLES = ['/proc/net/tcp', '/proc/net/tcp6']

/** Answers who has acknowledged nothing for so long of what is sent to it, or null where there is no such table. */
export async function readUnanswered(forMs: number): Promise<((socket: Socket) => boolean) | null> {
  const read = TABLES.map((table) => readFile(table, 'latin1').catch(() => null))
  const tables = (await Promise.all(read)).filter((table) => table !== null)
  if (tables.length === 0) return null
  const names = new Set(tables.flatMap((table) => unansweredIn(table, forMs)))
  return ({ localPort, remoteAddress = '', remotePort }) =>
    names.size > 0 && names.has(nameOf(localPort, remoteAddress, remotePort))
}

/**
 * Rows in which something has been sent again, and was not acknowledged since: the ports and the
 * address, the timer that sends again (kind 1) and when it is due, how often that was in vain. The
 * last is the timer's present length. Times are hundredths of a second.
 */
const ROW =
  /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) \S\S \S+ 01:([0-9A-F]+) (?!0{8})([0-9A-F]{8}) +\d+ +\d+ \d+ \d+ \S+ (\d+) /gm

/** Names of the connections in a table of the kernel's on which nothing was acknowledged for so long. */
export function unansweredIn(table: string, forMs: number): string[] {
  return Array.from(table.matchAll(ROW), ([, localPort, remoteAddress = '', remotePort, due, tries, lengthCs]) => {
    const lengthMs = Number(lengthCs) * 10
    // It begins at `firstMs` and is twice as long after each try, so that all tries before the last took this.
    const firstMs = lengthMs / 2 ** fromHex(tries)
    const sinceMs = lengthMs - firstMs + (lengthMs - fromHex(due) * 10)
    return sinceMs >= forMs ? nameOf(fromHex(localPort), addressOf(remoteAddress), fromHex(remotePort)) : ''
  }).filter((name) => name !== '')
}

const fromHex = (digits = ''): number => Number.parseInt(digits, 16)

function nameOf(localPort: number | undefined, remoteAddress: string, remotePort: number | undefined): string {
  const [address = ''] = remoteAddress.split('%')
  return `${localPort} ${isIPv6(address) ? new URL(`http://[${address}]`).hostname : address} ${remotePort}`
}

/** In words of 32 bits, each in the machine's own order. */
function addressOf(words: string): string {
  const bytes = Buffer.from(words, 'hex')
  if (endianness() === 'LE') bytes.swap32()
  return bytes.length === 4 ? bytes.join('.') : (bytes.toString('hex').match(/.{4}/g) ?? []).join(':')
}
