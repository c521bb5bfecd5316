/**
 * Reads from environment variables which public address leads to this server, and how a browser can reach the server.
 */
import { existsSync } from 'node:fs'

export type Environment = Readonly<Record<string, string | undefined>>

/** A service that forwards a public HTTPS address to one port of this machine. */
export interface Forwarding {
  /** Name of the service that users of the service know. */
  readonly service: string
  /** Returns the public origin that leads to the port, without a slash at the end. */
  originOf(port: number): string
}

/**
 * Returns the forwarding service that the environment variables show. Returns null if the variables show no known
 * service.
 */
export function forwardingIn(env: Environment): Forwarding | null {
  for (const { service, hostOf } of SERVICES) {
    const pattern = hostOf(env)
    const originOf = (port: number): string => `https://${pattern?.replace(PORT, String(port))}`
    // A variable can contain any text. If the text gives no valid origin, the server ignores the text and still starts.
    if (pattern?.includes(PORT) && URL.parse(originOf(1))?.origin === originOf(1)) return { service, originOf }
  }
  return null
}

const PORT = '{{port}}'

interface Service {
  readonly service: string
  /** Returns the public host name, with `{{port}}` in place of the port. Returns undefined for any other service. */
  hostOf(env: Environment): string | undefined
}

const SERVICES: readonly Service[] = [
  {
    service: 'GitHub Codespaces',
    hostOf({ CODESPACES, CODESPACE_NAME, GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN: domain }) {
      if (CODESPACES !== 'true' || !CODESPACE_NAME) return undefined
      return `${CODESPACE_NAME}-${PORT}.${domain || 'app.github.dev'}`.toLowerCase()
    },
  },
  {
    service: 'Gitpod',
    hostOf: ({ GITPOD_WORKSPACE_URL: url = '' }) => URL.parse(url)?.host.replace(/^/, `${PORT}-`),
  },
  {
    // Google Cloud Shell and Cloud Workstations set this variable.
    service: 'Google Cloud',
    hostOf: ({ WEB_HOST: host }) => (host ? `${PORT}-${host}` : undefined),
  },
  {
    // Coder and other services set this variable for VS Code. An address with the port in the path is not usable,
    // because the addresses of all pages begin at /.
    service: 'VS Code',
    hostOf: ({ VSCODE_PROXY_URI: uri = '' }) => /^https:\/\/([^/]*\{\{port\}\}[^/]*)\/?$/.exec(uri)?.[1],
  },
]

/**
 * Returns a message for people whose browser runs outside this machine or container: how the browser can reach this
 * server, which listens on a loopback address. Returns null if the environment shows neither a container nor SSH.
 */
export function wayHere(env: Environment, port: number, isContainer = isInContainer()): string | null {
  // These variables show that the server runs in an editor that forwards ports itself.
  if (env['REMOTE_CONTAINERS'] || env['VSCODE_IPC_HOOK_CLI']) return null
  if (isContainer)
    return `The server cannot be reached from outside this container. Publish its port (docker run -p ${port}:${port}), and start it with --lan.`
  const [, , server, sshPort = '22'] = env['SSH_CONNECTION']?.split(' ') ?? []
  if (server === undefined) return null
  const user = env['USER'] ? `${env['USER']}@` : ''
  const flag = sshPort === '22' ? '' : ` -p ${sshPort}`
  return `On your own computer, run ssh${flag} -L ${port}:localhost:${port} ${user}${server}, and open http://localhost:${port} there.`
}

/**
 * Returns true if this process runs in a container: Docker and Podman each create one of these files in a container.
 */
const isInContainer = (): boolean => existsSync('/.dockerenv') || existsSync('/run/.containerenv')
