/** Tests of the services that forward a public address to the server. The environment shows which service it is. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startSandbox } from '../../../lessons/kit/sandbox.ts'
import { forwardingIn, wayHere } from '../../../server/start/environment.ts'

const MAIN = join(import.meta.dirname, '../../../server/main.ts')

const CODESPACE = {
  CODESPACES: 'true',
  CODESPACE_NAME: 'fluffy-space-disco',
  GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN: 'app.github.dev',
}

test.each([
  [CODESPACE, 'https://fluffy-space-disco-3000.app.github.dev'],
  [{ CODESPACES: 'true', CODESPACE_NAME: 'Fluffy' }, 'https://fluffy-3000.app.github.dev'],
  [
    { GITPOD_WORKSPACE_URL: 'https://ada-sandbox-1a2b.ws-eu1.gitpod.io' },
    'https://3000-ada-sandbox-1a2b.ws-eu1.gitpod.io',
  ],
  [
    { WEB_HOST: 'cs-1-default.cs-europe-west1.cloudshell.dev' },
    'https://3000-cs-1-default.cs-europe-west1.cloudshell.dev',
  ],
  [{ VSCODE_PROXY_URI: 'https://{{port}}--main--ada.coder.example/' }, 'https://3000--main--ada.coder.example'],
])("the environment %j shows that a service forwards the server's port as %s", (env, origin) => {
  expect(forwardingIn(env)?.originOf(3000)).toBe(origin)
})

test.each([
  {},
  { CODESPACES: 'false', CODESPACE_NAME: 'fluffy' },
  { CODESPACES: 'true' },
  { CODESPACES: 'true', CODESPACE_NAME: 'no name/' },
  { GITPOD_WORKSPACE_URL: 'not a URL' },
  // The port is in the path, but pages must begin at the root of an origin.
  { VSCODE_PROXY_URI: 'https://code.example/proxy/{{port}}/' },
])('the environment %j shows no service that forwards a port', (env) => {
  expect(forwardingIn(env)).toBeNull()
})

test('over SSH or in a container, the server tells people how to reach it', () => {
  const ssh = { SSH_CONNECTION: '198.51.100.1 5000 198.51.100.2 22', USER: 'ada' }
  expect(wayHere(ssh, 3000, false)).toContain('ssh -L 3000:localhost:3000 ada@198.51.100.2')
  expect(wayHere({ SSH_CONNECTION: '::1 5000 ::1 2222' }, 3000, false)).toContain(
    'ssh -p 2222 -L 3000:localhost:3000 ::1',
  )
  expect(wayHere({}, 3000, true)).toMatch(/docker run -p 3000:3000.*--lan/)
  expect(wayHere({}, 3000, false)).toBeNull()
  // VS Code forwards ports itself.
  expect(wayHere({ ...ssh, VSCODE_IPC_HOOK_CLI: '/tmp/x' }, 3000, true)).toBeNull()
})

describe('a server in a codespace', () => {
  test('prints its public link with the token, and serves pages for every Host and Origin that the proxy sends', async () => {
    const { lines, port } = await started(CODESPACE)
    const publicHost = `fluffy-space-disco-${port}.app.github.dev`
    expect(lines[0]).toMatch(new RegExp(`^Fourwire is at http://127\\.0\\.0\\.1:${port} and https://${publicHost}$`))
    const [, link = '', token = ''] = /(https:\S+)\/#token=(\S+)$/m.exec(lines.join('\n')) ?? []
    expect(link).toBe(`https://${publicHost}`)

    const forwarded = { 'x-forwarded-host': publicHost, 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' }
    const local = `localhost:${port}`
    for (const [host, origin] of [
      [publicHost, `https://${publicHost}`],
      [local, `https://${publicHost}`],
      [local, `http://${local}`],
    ] as const)
      for (const headers of [{}, forwarded]) {
        const published = await post(port, '/feed/lobby', { user: 'Ada', text: 'hello' }, { host, origin, ...headers })
        expect(published, `${host} ${origin} ${JSON.stringify(headers)}`).toBe(201)
        // A request through the proxy seems to come from this machine, so only the token makes the instructor.
        const settings = (more: object) => post(port, '/lab/restart', {}, { host, origin, ...headers, ...more })
        expect(await settings({})).toBe(403)
      }
    const asInstructor = { host: publicHost, origin: `https://${publicHost}`, authorization: `Bearer ${token}` }
    expect(await post(port, '/session', { instructor: token }, asInstructor)).toBe(200)
    expect(await post(port, '/feed/lobby', {}, { host: local, origin: 'https://evil-3000.app.github.dev' })).toBe(403)
    expect(await post(port, '/feed/lobby', {}, { host: 'evil-3000.app.github.dev' })).toBe(421)
  })

  test("prints links for a lesson that work from outside and give the student the instructor's rights", async () => {
    for (const [name, value] of Object.entries(CODESPACE)) {
      const before = process.env[name]
      process.env[name] = value
      onTestFinished(() => {
        if (before === undefined) delete process.env[name]
        else process.env[name] = before
      })
    }
    await using sandbox = await startSandbox(0)
    const { port } = new URL(sandbox.origin)
    const link = new URL(sandbox.linkTo('/lessons/03-short-polling'))
    expect(link.host).toBe(`fluffy-space-disco-${port}.app.github.dev`)
    const token = link.hash.replace('#token=', '')
    const headers = { host: link.host, origin: link.origin }
    expect(await post(Number(port), '/session', { instructor: token }, headers)).toBe(200)
  })
})

/** Starts a server until the end of the test, and returns the lines that it printed. */
async function started(env: Record<string, string>): Promise<{ lines: string[]; port: number }> {
  const flags = ['--port', '0', '--data', ':memory:', '--log', 'error', '--limits', 'off']
  const child = spawn(process.execPath, [MAIN, ...flags], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines: string[] = []
  for await (const line of createInterface(child.stdout)) {
    lines.push(line)
    if (line.startsWith('Limits are off')) break
  }
  return { lines, port: Number(/http:\S+:(\d+)/.exec(lines[0] ?? '')?.[1]) }
}

async function post(port: number, path: string, body: object, headers: Record<string, string>): Promise<number> {
  const asked = request({
    port,
    path,
    host: '127.0.0.1',
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
  }).end(JSON.stringify(body))
  const [response] = await once(asked, 'response')
  response.resume()
  return response.statusCode
}
