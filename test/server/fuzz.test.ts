/** Nothing that a client sends makes a 500 or ends the process. The same ten thousandfold: test/server/attacks/fuzz.long.ts. */
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { serve } from '../serve.ts'
import { throwFrames, throwMessages, throwRequests } from './fuzz.ts'

test('requests of all kinds are answered, and never by a 500', async () => {
  await using server = await serve()
  await throwRequests(server, 700)
  expect((await fetch(`${server.origin}/health`)).status).toBe(200)
})

test('messages of all kinds over the feed\u2019s and the lab\u2019s WebSocket leave the server as it was', async () => {
  await using server = await serve()
  await throwMessages(server, 60)
  expect((await fetch(`${server.origin}/health`)).status).toBe(200)
})

test('raw bytes where frames should be end that connection and no other', async () => {
  await using server = await serve()
  const bystander = new WebSocket(`ws://127.0.0.1:${server.port}/feed/lobby/ws`)
  await once(bystander, 'open')
  await throwFrames(server, 150)
  const message = once(bystander, 'message')
  await server.publish('still here')
  expect(String(await message)).toMatch(/still here/)
  bystander.close()
})
