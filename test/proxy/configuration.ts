/** The configurations of proxies in server/README.md. Only addresses, ports and the certificate are replaced. */
import { blockOf, withThese } from '../readme.ts'
import { PUBLIC } from './proxy.ts'
import type { ProxyName } from './proxy.ts'

const ONE = 'Behind a proxy, for TLS'
const SEVERAL = 'Several machines'

/**
 * Returns the configuration of a proxy before one to three servers, as `startProxy` takes it. `ports`: the servers' ports.
 */
export function configurationOf(
  name: ProxyName,
  ...ports: readonly number[]
): (port: number, folder: string) => string {
  const text =
    ports.length === 1 ? withThese(ofOne(name), { '127.0.0.1:3000': `127.0.0.1:${ports[0]}` }) : ofSeveral(name, ports)
  return (port, folder) => withThese(text, CHANGES[name](port, folder))
}

const CHANGES: Record<ProxyName, (port: number, folder: string) => Record<string, string>> = {
  caddy: (port, folder) => ({
    'fourwire.example {': `https://${PUBLIC}:${port} {\n  tls ${folder}/cert.pem ${folder}/cert.key`,
  }),
  haproxy: (port, folder) => ({ ':443': `${PUBLIC}:${port}`, '/etc/haproxy/fourwire.pem': `${folder}/both.pem` }),
  nginx: (port, folder) => ({ 'listen 443': `listen ${PUBLIC}:${port}`, '/etc/ssl/fourwire.': `${folder}/cert.` }),
}

const LANGUAGE: Record<ProxyName, string> = { caddy: 'caddyfile', haproxy: 'haproxy', nginx: 'nginx' }

const ofOne = (name: ProxyName): string => blockOf(LANGUAGE[name], ONE)

function ofSeveral(name: ProxyName, ports: readonly number[]): string {
  const block = blockOf(LANGUAGE[name], SEVERAL)
  const whole: Record<ProxyName, () => string> = {
    caddy: () => withThese(block, { 'Host fourwire.example': `Host ${PUBLIC}` }),
    haproxy: () =>
      ofOne(name).replace(
        /^backend fourwire\n[^]*/m,
        withThese(block, { 'hdr Host fourwire.example': `hdr Host ${PUBLIC}` }),
      ),
    nginx: () => `${block}\n${withThese(ofOne(name), { 'http://127.0.0.1:3000': 'http://fourwire' })}`,
  }
  const [third = ''] = /^ *server .*\bfourwire-3:3000.*\n| fourwire-3:3000/m.exec(block) ?? []
  const text = ports.length < 3 ? withThese(whole[name](), { [third]: '' }) : whole[name]()
  return withThese(text, Object.fromEntries(ports.map((port, i) => [`fourwire-${i + 1}:3000`, `127.0.0.1:${port}`])))
}
