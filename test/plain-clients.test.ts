/** Runs the commands for plain clients in server/README.md; only the port is replaced. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { serve } from './serve.ts'
import { until } from './until.ts'

const run = promisify(execFile)

const hasCurl = await run('curl', ['--version']).then(
  () => true,
  () => false,
)

/** Exit code of curl if --max-time ended a stream. */
const OUT_OF_TIME = 28

test.skipIf(!hasCurl)(
  "the README's curl commands publish and read by all three HTTP transports (skipped if there is no curl)",
  async () => {
    await using server = await serve()
    const said: string[] = []
    for (const command of await commands('curl'))
      said.push(await sh(command.replaceAll('localhost:3000', `127.0.0.1:${server.port}`)))
    expect(said).toHaveLength(4)
    const [event, ...answers] = said
    const { id } = JSON.parse(event ?? '')
    expect(id).toMatch(/\.1$/)
    for (const answer of answers) expect(answer).toContain('hello')
  },
)

test("the README's addresses for wscat and browsers work with Node's own WebSocket", async () => {
  await using server = await serve()
  await server.publish('hello')
  const addresses = [...(await readme()).matchAll(/ws:\/\/localhost:3000[^\s'"`)]*/g)].map(([address]) => address)
  expect(addresses.length).toBeGreaterThan(2)
  for (const address of addresses) {
    const socket = new WebSocket(address.replace('localhost:3000', `127.0.0.1:${server.port}`))
    const messages: string[] = []
    socket.onmessage = ({ data }) => messages.push(data)
    await until(`${address} sends a message`, () => messages.length > 0)
    expect(JSON.parse(messages[0] ?? '')).toMatchObject({ type: 'connected' })
    if (address.endsWith('after=0'))
      await until('the client has received the message', () => messages.some((text) => text.includes('hello')))
    socket.close()
  }
})

async function sh(command: string): Promise<string> {
  const { stdout } = await run('sh', ['-c', command]).catch((error: { code: number; stdout: string }) => {
    if (error.code === OUT_OF_TIME) return error
    throw error
  })
  return stdout
}

/** Returns the lines of the section's shell block that begin with this program. */
async function commands(program: string): Promise<string[]> {
  const [, section = ''] = /^## With plain clients$(.*?)^## /ms.exec(await readme()) ?? []
  const [, block = ''] = /```sh\n(.*?)```/s.exec(section) ?? []
  return block.split('\n').filter((line) => line.startsWith(`${program} `))
}

const readme = (): Promise<string> => readFile(join(import.meta.dirname, '../server/README.md'), 'utf8')
