/** Checks requests of the instructor's page at a real server. */
import { expect, test } from 'vitest'
import { createModerator } from '../../../web/sandbox/moderation.ts'
import { serve } from '../../serve.ts'

test.each(['Eve', '.', '..', 'a/b', 'E\u200bve', '?#'])('a person named "%s" can be muted', async (name) => {
  await using server = await serve()
  const moderator = createModerator(server.origin, 'lobby')
  await moderator.person(name, 'muted')
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ user: name, text: 'x' })
  const response = await fetch(`${server.origin}/feed/lobby`, { method: 'POST', headers, body })
  expect((await response.json()).code).toBe('muted')
  await moderator.person(name, 'allowed')
  expect((await moderator.list()).people).toEqual([])
})

test('a person whose name has half a surrogate pair is muted by the displayed name', async () => {
  await using server = await serve()
  const publish = () =>
    fetch(`${server.origin}/feed/lobby`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"user":"Eve\\ud800","text":"x"}',
    })
  const { user } = await (await publish()).json()
  await createModerator(server.origin, 'lobby').person(user, 'muted')
  expect((await publish()).status).toBe(403)
})
