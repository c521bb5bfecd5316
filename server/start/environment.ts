/** Reads from the environment which public address leads to this server, and how to reach it from outside. */
import { existsSync } from 'node:fs'

export type Environment = Readonly<Record<string, string | undefined>>

/** A service that forwards a public HTTPS address to one port of this machine. */
export interface Forwarding {
  /** Name of the service, as people know it. */
  readonly service: string
  /** The public origin, without a slash at its end, that leads to the port. */
  originOf(port: number): string
}

/** Finds the forwarding service in the environment. Returns null if it recognises none. */
export function forwardingIn(env: Environment): Forwarding | null {
  for (const { service, hostOf } of SERVICES) {
    const pattern = hostOf(env)
    const originOf = (port: number): string => `https://${pattern?.replace(PORT, String(port))}`
    // The server must start even if a variable contains something unexpected.
    if (pattern?.includes(PORT) && URL.parse(originOf(1))?.origin === originOf(1)) return { service, originOf }
  }
  return null
}

const PORT = '{{port}}'

interface Service {
  readonly service: string
  /** The public host name, with `{{port}}` in it. */
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
    // Coder and others set this variable for VS Code. A pattern with the port in its path cannot be used, because all
    // pages begin at /.
    service: 'VS Code',
    hostOf: ({ VSCODE_PROXY_URI: uri = '' }) => /^https:\/\/([^/]*\{\{port\}\}[^/]*)\/?$/.exec(uri)?.[1],
  },
]

/**
 * Returns a sentence for people whose browser runs on another machine and cannot reach a loopback address here.
 * Returns null if the environment shows no such case.
 */
export function wayHere(env: Environment, port: number, isContainer = isInContainer()): string | null {
  // Editors forward ports themselves.
  if (env['REMOTE_CONTAINERS'] || env['VSCODE_IPC_HOOK_CLI']) return null
  if (isContainer)
    return `The server cannot be reached from outside this container. Publish its port (docker run -p ${port}:${port}), and start it with --lan.`
  const [, , server, sshPort = '22'] = env['SSH_CONNECTION']?.split(' ') ?? []
  if (server === undefined) return null
  const user = env['USER'] ? `${env['USER']}@` : ''
  const flag = sshPort === '22' ? '' : ` -p ${sshPort}`
  return `On your own computer, run ssh${flag} -L ${port}:localhost:${port} ${user}${server}, and open http://localhost:${port} there.`
}

/** Returns true if the process runs in a container. Docker and Podman each create a file there. */
const isInContainer = (): boolean => existsSync('/.dockerenv') || existsSync('/run/.containerenv')
