/** Finds the addresses at which a class can join, and puts the likeliest one first. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIP } from 'node:net'
import { bracketed } from './addresses.ts'
import type { Own } from './addresses.ts'

export interface WaysToJoin {
  /** Origins of this server, such as `http://192.168.1.20:3000`. */
  readonly origins: readonly string[]
  /** Public origins from which a service forwards requests to this server. */
  readonly forwarded: readonly string[]
  /** Host names that the operator allows with `--allow-host`. */
  readonly allowHosts: readonly string[]
  readonly port: number
  readonly own: readonly Own[]
  /** Address from which this machine reaches other networks; null without such a network. */
  readonly outgoing: string | null
}

/**
 * Returns the addresses of the page `/join`, the likeliest first: public addresses, then the machine's addresses. If
 * other machines cannot reach this server, returns the local address, which is enough for a try on one machine.
 */
export function joinAddresses({ origins, forwarded, allowHosts, port, own, outgoing }: WaysToJoin): readonly string[] {
  const rank = (origin: string) => rankOf(origin, own, outgoing)
  const reachable = origins.filter(isReachable).toSorted((a, b) => rank(a) - rank(b))
  const all = new Set([...forwarded, ...allowHosts.map((name) => originOfName(name, port)), ...reachable])
  return (all.size > 0 ? Array.from(all) : origins.slice(0, 1)).map((origin) => `${origin}/join`)
}

/** Returns true if browsers on other machines can open the address. No browser can open an address with a zone. */
export const isReachable = (origin: string): boolean => {
  const host = hostOf(origin)
  return host !== 'localhost' && host !== '::1' && !host.startsWith('127.') && !host.includes('%')
}

const hostOf = (origin: string): string => origin.replace(/^\w+:\/\/|\/.*$|[[\]]/g, '').replace(/:\d+$/, '')

/**
 * Returns the origin of a name from `--allow-host`. A name of the local network leads to this server's port. Any other
 * name is public and belongs to a proxy or a tunnel, which has TLS and the usual port.
 */
function originOfName(name: string, port: number): string {
  const isLocal = isIP(name) > 0 || !name.includes('.') || LOCAL_NAME.test(name)
  return isLocal ? `http://${bracketed(name)}:${port}` : `https://${name}`
}

const LOCAL_NAME = /\.(?:local|localhost|lan|home|internal|home\.arpa|test)\.?$/i

/** Returns a small number for an address that other machines of the room are likely to reach. */
function rankOf(origin: string, own: readonly Own[], outgoing: string | null): number {
  const host = hostOf(origin)
  const at = own.find(({ address }) => address === host)
  // The machine's name comes last, because phones can rarely resolve it.
  if (at === undefined) return 32
  return (
    (isVirtual(at) ? 16 : 0) +
    (host.startsWith('169.254.') ? 8 : 0) +
    (host === outgoing ? 0 : 4) +
    (PRIVATE.test(host) ? 0 : 2) +
    (isIP(host) === 4 ? 0 : 1)
  )
}

/**
 * Returns true if the interface belongs to a container, a virtual machine or a VPN. A class does not come in through
 * such an interface.
 */
const isVirtual = ({ zone }: Own): boolean =>
  /^(?:docker|br-|veth|vir|vbox|vmnet|lxc|lxd|podman|cni|flannel|cali|tun|tap|utun|wg|tailscale|zt|ham|ppp)|vEthernet|VirtualBox|VMware/i.test(
    zone,
  )

const PRIVATE = /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)/

/** Address for documentation (RFC 5737). No machine has it, so a packet to it takes the route to other networks. */
const ELSEWHERE = '192.0.2.1'

/**
 * Returns the address from which this machine reaches other networks. Returns null if there is no such network. The
 * function sends nothing: to connect a UDP socket only chooses a route.
 */
export async function outgoingAddress(): Promise<string | null> {
  const socket = createSocket('udp4').unref()
  try {
    socket.connect(9, ELSEWHERE)
    await once(socket, 'connect')
    return socket.address().address
  } catch {
    return null
  } finally {
    socket.close()
  }
}
