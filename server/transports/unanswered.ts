/**
 * Finds clients that have disappeared while bytes were on their way to them. Only the kernel notices that a client has
 * disappeared: it sends the bytes again and again, and gives up after a quarter of an hour. Node can neither set a
 * shorter time (TCP_USER_TIMEOUT) nor read the state of a socket (TCP_INFO). But every process on Linux can read the
 * kernel's table of connections.
 */
import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { isIPv6 } from 'node:net'
import { endianness } from 'node:os'

/**
 * The kernel's tables of connections. If a server listens for IPv4 and IPv6, the second table contains all its
 * connections.
 */
const TABLES = ['/proc/net/tcp', '/proc/net/tcp6']

/**
 * Returns a function that returns true for a socket whose client has acknowledged no byte for `forMs`. Returns null on
 * systems without these tables of the kernel.
 */
export async function readUnanswered(forMs: number): Promise<((socket: Socket) => boolean) | null> {
  const read = TABLES.map((table) => readFile(table, 'latin1').catch(() => null))
  const tables = (await Promise.all(read)).filter((table) => table !== null)
  if (tables.length === 0) return null
  const names = new Set(tables.flatMap((table) => unansweredIn(table, forMs)))
  // To read the addresses of thousands of sockets takes time, and each socket keeps them.
  if (names.size === 0) return () => false
  return ({ localPort, remoteAddress = '', remotePort }) => names.has(nameOf(localPort, remoteAddress, remotePort))
}

/**
 * Matches the row of a connection whose unacknowledged bytes the kernel has sent again. The groups are the local port,
 * the remote address, the remote port, the time until the retransmission timer (kind 1) is due, the number of failed
 * tries, and the current length of the timer. Times are in hundredths of a second.
 */
const ROW =
  /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) \S\S \S+ 01:([0-9A-F]+) (?!0{8})([0-9A-F]{8}) +\d+ +\d+ \d+ \d+ \S+ (\d+) /gm

/** Reads a table of the kernel. Returns the names of the connections that got no acknowledgement for `forMs`. */
export function unansweredIn(table: string, forMs: number): string[] {
  // Few rows have a retransmission timer, and to search for it costs much less than to match the whole row.
  const rows = table.split('\n').filter((row) => row.includes(' 01:'))
  return Array.from(
    rows.join('\n').matchAll(ROW),
    ([, localPort, remoteAddress = '', remotePort, due, tries, lengthCs]) => {
      const lengthMs = Number(lengthCs) * 10
      // The timer begins with `firstMs` and doubles after each try, so all tries before the last try took `lengthMs -
      // firstMs`.
      const firstMs = lengthMs / 2 ** fromHex(tries)
      const sinceMs = lengthMs - firstMs + (lengthMs - fromHex(due) * 10)
      return sinceMs >= forMs ? nameOf(fromHex(localPort), addressOf(remoteAddress), fromHex(remotePort)) : ''
    },
  ).filter((name) => name !== '')
}

const fromHex = (digits = ''): number => Number.parseInt(digits, 16)

function nameOf(localPort: number | undefined, remoteAddress: string, remotePort: number | undefined): string {
  const [address = ''] = remoteAddress.split('%')
  return `${localPort} ${isIPv6(address) ? new URL(`http://[${address}]`).hostname : address} ${remotePort}`
}

/** Converts an address from the table. The address consists of words of 32 bits in the byte order of the machine. */
function addressOf(words: string): string {
  const bytes = Buffer.from(words, 'hex')
  if (endianness() === 'LE') bytes.swap32()
  return bytes.length === 4 ? bytes.join('.') : (bytes.toString('hex').match(/.{4}/g) ?? []).join(':')
}
