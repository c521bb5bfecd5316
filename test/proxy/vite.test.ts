/** A separate front-end behind Vite's dev server, configured by the lines in server/README.md. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createViteServer } from 'vitest/node'
import { WebSocket } from 'ws'
import { freePort } from '../../lessons/kit/port.ts'
import { blockOf, withThese } from '../readme.ts'
import { serve } from '../serve.ts'

interface Config {
  readonly server: { readonly proxy: Record<string, string | { readonly target: string; readonly ws: boolean }> }
}

/** Starts Vite on a port of its own. Returns its origin. */
async function startVite({ server: { proxy } }: Config): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'fourwire-vite-'))
  const port = await freePort()
  const vite = await createViteServer({
    root,
    configFile: false,
    logLevel: 'silent',
    server: { port, strictPort: true, host: '127.0.0.1', proxy },
  })
  await vite.listen()
  onTestFinished(async () => {
    await vite.close()
    await rm(root, { recursive: true })
  })
  return `http://localhost:${port}`
}

const publish = (origin: string) =>
  fetch(`${origin}/feed/lobby`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: '{"user":"Ada","text":"hello"}',
  })

test("a page of Vite can publish, read and open a WebSocket through Vite's dev server", async () => {
  await using server = await serve()
  const text = withThese(blockOf('js'), { 'http://localhost:3000': server.origin })
  const { default: config }: { default: Config } = await import(`data:text/javascript,${encodeURIComponent(text)}`)
  const origin = await startVite(config)
  expect((await publish(origin)).status).toBe(201)
  expect((await fetch(`${origin}/feed/lobby/poll?after=0`)).status).toBe(200)
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/feed/lobby/ws`, { origin })
  await once(socket, 'open')
  socket.close()
})

test("if Vite's proxy target is a string, the server refuses the page, because Vite then replaces the Host field", async () => {
  await using server = await serve()
  const origin = await startVite({ server: { proxy: { '/feed': server.origin } } })
  expect((await publish(origin)).status).toBe(403)
})
