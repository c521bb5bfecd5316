/**
 * Tests that no input of a client causes a 500 or ends the process. test/server/attacks/fuzz.long.ts does the same with
 * much more input.
 */
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { serve } from '../serve.ts'
import { throwFrames, throwMessages, throwRequests } from './fuzz.ts'

test('requests of all kinds get a response, and never a 500', async () => {
  await using server = await serve()
  await throwRequests(server, 700)
  expect((await fetch(`${server.origin}/health`)).status).toBe(200)
})

test("after messages of all kinds over the feed's and the lab's WebSocket, the server still works", async () => {
  await using server = await serve()
  await throwMessages(server, 60)
  expect((await fetch(`${server.origin}/health`)).status).toBe(200)
})

test('raw bytes in place of frames end their own connection and no other', async () => {
  await using server = await serve()
  const bystander = new WebSocket(`ws://127.0.0.1:${server.port}/feed/lobby/ws`)
  await once(bystander, 'open')
  await throwFrames(server, 150)
  const message = once(bystander, 'message')
  await server.publish('still here')
  expect(String(await message)).toMatch(/still here/)
  bystander.close()
})
