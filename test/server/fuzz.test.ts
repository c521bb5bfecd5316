/**
 * Tests that no input of a client causes a 500 or ends the process. test/server/attacks/fuzz.long.ts does the same with
 * much more input.
 */
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { serve } from '../serve.ts'
import { throwFrames, throwMessages, throwRequests } from './fuzz.ts'

test('random requests of all kinds get a response, and never a 500', async () => {
  await using server = await serve()
  await throwRequests(server, 700)
  expect((await fetch(`${server.origin}/health`)).status).toBe(200)
})

test('the server still works after random messages of all kinds over the WebSockets of the feed and the lab', async () => {
  await using server = await serve()
  await throwMessages(server, 60)
  expect((await fetch(`${server.origin}/health`)).status).toBe(200)
})

test('a client that sends random bytes in place of frames ends only its own connection', async () => {
  await using server = await serve()
  const bystander = new WebSocket(`ws://127.0.0.1:${server.port}/feed/lobby/ws`)
  await once(bystander, 'open')
  await throwFrames(server, 150)
  const message = once(bystander, 'message')
  await server.publish('still here')
  expect(String(await message)).toMatch(/still here/)
  bystander.close()
})
