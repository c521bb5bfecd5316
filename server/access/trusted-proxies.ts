/**
 * The list of trusted proxies. If a trusted proxy forwards a request, the server reads the client's address from
 * `X-Forwarded-For`.
 */
import { BlockList, isIP } from 'node:net'

/**
 * Returns true if an address belongs to a trusted proxy. `hop` is the position of the address, as in Fastify's
 * `trustProxy`: 0 for the address of the connection, 1 for the last address in `X-Forwarded-For`, 2 for the address
 * before the last one, and so on.
 */
export type TrustedProxies = (address: string, hop: number) => boolean

export const NO_PROXIES: TrustedProxies = () => false

/** Networks that have a name in Fastify and Express. */
const NAMED: Partial<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
}

/**
 * Reads a number of proxies or a list of addresses. If the text is neither, throws an error that quotes the wrong part.
 */
export function readProxies(text: string): TrustedProxies {
  if (/^\d{1,2}$/.test(text) && Number(text) > 0) return (_address, hop) => hop < Number(text)
  const trusted = new BlockList()
  for (const item of text.split(',').map((part) => part.trim()))
    for (const network of NAMED[item.toLowerCase()] ?? [item]) add(trusted, network)
  return (address) => {
    const plain = address.replace(/^::ffff:(?=[\d.]+$)/i, '')
    const family = isIP(plain)
    return family !== 0 && trusted.check(plain, family === 6 ? 'ipv6' : 'ipv4')
  }
}

function add(trusted: BlockList, item: string): void {
  const [address = '', bits, ...rest] = item.split('/')
  const family = isIP(address)
  const longest = family === 6 ? 128 : 32
  const prefix = bits === undefined ? longest : /^\d{1,3}$/.test(bits) ? Number(bits) : Infinity
  if (family === 0 || prefix > longest || rest.length > 0) {
    throw new Error(
      `--trust-proxy has "${item}", which is not an address. Give the proxy's address or network (10.0.0.7, 10.0.0.0/8), "loopback" for a proxy on this machine, a list of these with commas, or the number of proxies that a request passes through.`,
    )
  }
  trusted.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4')
}
