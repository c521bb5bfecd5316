/** Real proxies, each on a separate port at 127.0.0.2. The server does not accept this address as its own name. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { freePort } from '../../server/start/other-listeners.ts'
import { until } from '../until.ts'

export const PUBLIC = '127.0.0.2'

export type ProxyName = 'caddy' | 'haproxy' | 'nginx'

export interface Proxy extends AsyncDisposable {
  readonly port: number
}

const VERSION_FLAG: Record<ProxyName, string> = { caddy: 'version', haproxy: '-v', nginx: '-v' }

export const isInstalled = (name: ProxyName): boolean => spawnSync(name, [VERSION_FLAG[name]]).status === 0

const COMMAND: Record<ProxyName, (file: string, folder: string) => readonly string[]> = {
  caddy: (file) => ['run', '--adapter', 'caddyfile', '--config', file],
  haproxy: (file) => ['-db', '-f', file],
  nginx: (file, folder) => ['-p', folder, '-c', file, '-e', 'stderr'],
}

/** Module of nginx, which Debian has in the package libnginx-mod-nchan. */
export const NCHAN = '/usr/lib/nginx/modules/ngx_nchan_module.so'

/**
 * Starts a proxy. `configure` gets its port and the folder with `cert.pem`, `cert.key` and `both.pem`. `module` is the
 * file of a module of nginx.
 */
export async function startProxy(
  name: ProxyName,
  configure: (port: number, folder: string) => string,
  module?: string,
): Promise<Proxy> {
  const folder = await mkdtemp(join(tmpdir(), `fourwire-${name}-`))
  await makeCertificate(folder)
  const port = await freePort(PUBLIC)
  const file = join(folder, 'config')
  await writeFile(file, wrap(name, configure(port, folder), module))
  const child = spawn(name, COMMAND[name](file, folder), { env: { ...process.env, HOME: folder } })
  let said = ''
  for (const output of [child.stdout, child.stderr]) output.on('data', (chunk) => (said += chunk))
  const ended = once(child, 'exit')
  await until(`${name} accepts connections`, async () => {
    if (child.exitCode !== null) throw new Error(`${name} ended: ${said}`)
    return isOpen(port)
  })
  return {
    port,
    async [Symbol.asyncDispose]() {
      // The proxy gets SIGTERM and is not killed, because it has to end its workers.
      child.kill('SIGTERM')
      await ended
      await rm(folder, { recursive: true })
    },
  }
}

/** Adds the parts that surround a configuration on a real machine. */
function wrap(name: ProxyName, config: string, module?: string): string {
  if (name === 'caddy') return `{\nadmin off\nauto_https off\n}\n${config}`
  if (name === 'haproxy') return config
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  const load = module === undefined ? '' : `load_module ${module};`
  return `${load} daemon off; ${user} pid nginx.pid;
events {}
http {
access_log off;
client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
${config}
}`
}

/** Lets the tests of a file connect to a proxy although no authority has signed its certificate. */
export function acceptAnyCertificate(): void {
  const { NODE_TLS_REJECT_UNAUTHORIZED: before } = process.env
  beforeAll(() => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  })
  afterAll(() => {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
  })
}

/** Writes a certificate that no authority has signed: `cert.pem`, `cert.key`, and both in `both.pem`. */
export async function makeCertificate(folder: string): Promise<void> {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'cert.key')]
  const { status, stderr } = spawnSync(
    'openssl',
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=${PUBLIC} -addext subjectAltName=IP:${PUBLIC}`
      .split(' ')
      .concat('-keyout', key, '-out', cert),
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`openssl made no certificate: ${stderr}`)
  await writeFile(join(folder, 'both.pem'), (await readFile(cert, 'utf8')) + (await readFile(key, 'utf8')))
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, PUBLIC)
  const answer = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false)
  socket.destroy()
  return answer
}
