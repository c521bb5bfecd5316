/** Finds the address on which the server listens, and the names by which clients reach the server. */
import { lookup } from 'node:dns/promises'
import { SocketAddress, isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import type { NetworkInterfaceInfo } from 'node:os'
import { START } from './installed.ts'

export interface ServerAddresses {
  /** The IP address on which the server listens. A link-local address has its zone. */
  readonly host: string
  /** Every name and address of this server that a client may send in the field `Host`. */
  readonly names: readonly string[]
  /** Host names for links to this server. Each name leads to this server, and the best name is the first. */
  readonly linkNames: readonly string[]
  /** IP addresses to which `linkNames` lead. The server checks if another program listens on one of these addresses. */
  readonly addresses: readonly string[]
}

/** One of this machine's addresses. */
export interface Own {
  /** Name of the network interface that has the address. */
  readonly zone: string
  readonly address: string
  readonly netmask: string
  readonly family: string
  /** True if the interface is the loopback interface. */
  readonly internal: boolean
  /** Number of the interface; 0 unless the address is link-local. */
  readonly scopeid?: number | undefined
}

/** Maximum time of a DNS lookup. A DNS server that does not answer must not delay the start. */
const LOOKUP_MS = 500

/**
 * Finds the address on which the server listens. `text`: the value of `--host`, an IP address in any notation or a host
 * name. `flag`: the flag or environment variable with this value, for messages. If the server cannot listen on `text`,
 * throws an error that says what the operator can give instead.
 */
export async function placeOf(
  text: string,
  flag = '--host',
  own: readonly Own[] = ownAddresses(),
): Promise<ServerAddresses> {
  const bare = bareHost(text, flag)
  const address = canonical(bare)
  if (address !== null && isForMany(address, own))
    throw new Error(
      `${flag} is ${address}, which is a multicast or broadcast address: no client can connect to it. ${remedy(own)}`,
    )
  if (address === '0.0.0.0') return everywhere(address, own.filter(isIPv4))
  if (address === '::') return everywhere(address, own)
  if (address !== null) return placeAt(zoned(address, zoneOf(bare), flag, own))
  return placeNamed(bare.toLowerCase(), flag, own)
}

export function ownAddresses(): readonly Own[] {
  return Object.entries(interfaces()).flatMap(([zone, infos = []]) => infos.map((info) => ({ ...info, zone })))
}

/**
 * Returns the network interfaces. On Android, returns no interfaces, because Android does not let a program read its
 * network interfaces.
 */
function interfaces(): NodeJS.Dict<NetworkInterfaceInfo[]> {
  try {
    return networkInterfaces()
  } catch {
    return {}
  }
}

/** Returns the host without brackets and spaces. Refuses an address with a scheme, a path or a port. */
function bareHost(text: string, flag: string): string {
  const trimmed = text.trim()
  const [, inBrackets] = /^\[([^\]]*)\]$/.exec(trimmed) ?? []
  const [, name, port] = /^(\[[^\]]*\]|[^:/]*):(\d+)$/.exec(trimmed) ?? []
  if (port !== undefined)
    throw new Error(`${flag} is "${text}", an address with a port. Give both separately: --host ${name} --port ${port}`)
  const bare = inBrackets ?? trimmed.replace(/\.$/, '')
  if (/^[^\s/[\]]+$/.test(bare) && (!bare.includes(':') || isIP(bare) === 6)) return bare
  throw new Error(
    `${flag} is "${text}", which is not an address. Give an IP address or a host name, such as 127.0.0.1.`,
  )
}

/**
 * Returns an IP address in its usual notation, without its zone. For an IPv4-mapped IPv6 address, returns the IPv4
 * address. Returns null if `bare` is a host name.
 */
function canonical(bare: string): string | null {
  const [address = ''] = bare.split('%')
  if (isIP(address) !== 6) return isIP(address) === 4 ? address : shortened(address)
  const usual = new SocketAddress({ address, family: 'ipv6' }).address
  return /^::ffff:([\d.]+)$/.exec(usual)?.[1] ?? usual
}

/**
 * Returns the usual notation of an IPv4 address in a short form: browsers and this machine accept `127.1`, `0x7f000001`
 * and `0`. Returns null if `name` is not such a form.
 */
function shortened(name: string): string | null {
  const usual = URL.parse(`http://${name}`)?.hostname ?? ''
  return isIP(usual) === 4 ? usual : null
}

const zoneOf = (bare: string): string | null => /%(?:25)?(.+)$/.exec(bare)?.[1] ?? null

/**
 * Adds the zone to a link-local address, which is incomplete without the zone. The zone is the network interface.
 * If the operator gives no zone, and only one interface has the address, the zone is this interface.
 */
function zoned(address: string, given: string | null, flag: string, own: readonly Own[]): string {
  if (!isLinkLocal(address)) return address
  const zones = own.filter((one) => one.address === address)
  const found =
    given === null ? zones : zones.filter(({ zone, scopeid }) => zone === given || String(scopeid) === given)
  const [first, ...more] = found
  if (first === undefined) {
    const where = given === null ? 'this machine' : `the network interface ${given}`
    throw new Error(`${flag} is ${address}, which is not an address of ${where}. ${remedy(own)}`)
  }
  if (more.length > 0) {
    const choices = found.map(({ zone }) => `${address}%${zone}`).join(', ')
    throw new Error(
      `${flag} is ${address}, which several network interfaces have. Name one of the interfaces: ${choices}`,
    )
  }
  return `${address}%${first.zone}`
}

function placeAt(host: string): ServerAddresses {
  const [address = '', zone] = host.split('%')
  if (zone === undefined) return { host, names: hostsOf(host), linkNames: [bracketed(host)], addresses: [host] }
  // In a URL the percent sign of a zone becomes %25 (RFC 6874). A client leaves the zone out of the Host field.
  return { host, names: [`[${address}]`], linkNames: [`[${address}%25${zone}]`], addresses: [host] }
}

/**
 * Resolves a host name. Chooses the first IPv4 address of this machine to which the name leads, or else an IPv6
 * address.
 */
async function placeNamed(name: string, flag: string, own: readonly Own[]): Promise<ServerAddresses> {
  const found = await addressesOf(name).catch((error: unknown) => {
    const why = error instanceof Error && 'code' in error ? ` (${error.code})` : ''
    throw new Error(`${flag} is "${name}", a name that this machine cannot resolve${why}. ${remedy(own)}`)
  })
  const address = found.toSorted((a, b) => isIP(a) - isIP(b)).find((one) => isOwn(one, own))
  if (address === undefined)
    throw new Error(`${flag} is "${name}", which leads to ${found.join(', ')} and not to this machine. ${remedy(own)}`)
  const place = address === '0.0.0.0' || address === '::' ? await placeOf(address, flag, own) : placeAt(address)
  return { ...place, names: [...place.names, name], linkNames: [name, ...place.linkNames] }
}

async function everywhere(host: string, own: readonly Own[]): Promise<ServerAddresses> {
  const reachable = own
    .filter(({ internal, address }) => !internal && !isLinkLocal(address))
    .map(({ address }) => address)
  const loopback = host === '::' ? ['127.0.0.1', '::1'] : ['127.0.0.1']
  const name = hostname().toLowerCase()
  const isReached = await leadsTo(name, own)
  return {
    host,
    names: ['localhost', ...own.flatMap(({ address }) => hostsOf(address)), name],
    linkNames: ['localhost', ...reachable.map(bracketed), ...(isReached ? [name] : [])],
    addresses: [...loopback, ...reachable],
  }
}

/** Returns true if the name leads to this machine. Returns false if the system cannot resolve the name quickly. */
async function leadsTo(name: string, own: readonly Own[]): Promise<boolean> {
  const found = await Promise.race([
    addressesOf(name).catch(() => []),
    new Promise<string[]>((resolve) => setTimeout(resolve, LOOKUP_MS, []).unref()),
  ])
  return found.some((address) => isOwn(address, own))
}

async function addressesOf(name: string): Promise<string[]> {
  return (await lookup(name, { all: true, order: 'verbatim' })).map(({ address }) => address)
}

function isOwn(address: string, own: readonly Own[]): boolean {
  return (
    address === '0.0.0.0' ||
    address === '::' ||
    isLoopbackAddress(address) ||
    own.some((one) => one.address === address)
  )
}

const isLoopbackAddress = (address: string): boolean => address === '::1' || address.startsWith('127.')

/** Returns true if the address is a multicast or broadcast address. */
function isForMany(address: string, own: readonly Own[]): boolean {
  if (/^(?:22[4-9]|2[3-5]\d)\.|^ff[\da-f]{2}:/.test(address)) return true
  return own.filter(isIPv4).some((one) => one.address !== address && broadcastOf(one) === address)
}

function broadcastOf({ address, netmask }: Own): string {
  const mask = netmask.split('.').map(Number)
  return address
    .split('.')
    .map((octet, i) => Number(octet) | (255 - (mask[i] ?? 255)))
    .join('.')
}

const isLinkLocal = (address: string): boolean => /^fe[89ab]/i.test(address)

const isIPv4 = ({ family }: Own): boolean => family === 'IPv4'

/**
 * Returns every form of the address in the field `Host`. A client can also request an IPv4 address in IPv6 notation.
 */
const hostsOf = (address: string): string[] =>
  isIP(address) === 4 ? [address, `[::ffff:${address}]`] : [bracketed(address)]

export const bracketed = (name: string): string => (isIP(name) === 6 ? `[${name}]` : name)

function remedy(own: readonly Own[]): string {
  const addresses = own.map(({ address, zone }) => (isLinkLocal(address) ? `${address}%${zone}` : address))
  return `Give one of this machine\u2019s addresses (${addresses.join(', ')}), or --lan for all of its IPv4 addresses.`
}

export const nextPort = (port: number): number => (port < 65_535 ? port + 1 : port - 1)

/**
 * Returns a message that says why the server cannot listen, and what to do. `others`: the addresses on which another
 * program accepts connections to this port.
 */
export function listenTrouble(error: unknown, host: string, port: number, others: readonly string[] = []): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') {
    const where =
      others.length > 0 && !others.includes(host) ? `: another program listens on ${others.join(' and ')}` : ''
    return `Port ${port} on ${host} is in use${where}. Stop that program, or choose another port: ${START} --port ${nextPort(port)}`
  }
  if (code === 'EADDRNOTAVAIL' || code === 'EINVAL' || code === 'ENODEV')
    return `A server cannot listen on ${host} on this machine. ${remedy(ownAddresses())}`
  if (code === 'EAFNOSUPPORT')
    return `${host} is an IPv6 address, but IPv6 is switched off on this machine. Omit --host, or use --lan.`
  if (code === 'EACCES' && port < 1024)
    return `Port ${port} is reserved for the system\u2019s administrator. Choose a port above 1023: ${START} --port 3000`
  if (code === 'EACCES')
    return `Port ${port} on ${host} is reserved by the system. Choose another port: ${START} --port ${nextPort(port)}`
  return `The server cannot listen on ${host}, port ${port}: ${error instanceof Error ? error.message : String(error)}`
}
