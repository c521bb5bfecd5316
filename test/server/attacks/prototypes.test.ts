/** Names that every object has. As keys, rooms, parameters and types they are normal names, or they are refused. */
import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { get, raw, statusOf } from '../../raw.ts'
import { serve } from '../../serve.ts'
import { until } from '../../until.ts'

const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf']

afterEach(() => {
  // No property was added to the prototype of all objects.
  expect(Object.keys(Object.prototype)).toEqual([])
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
})

test.each(NAMES)('the key %s in a body is refused or does not affect the published event', async (name) => {
  await using server = await serve()
  const bodies = [
    `{"${name}":{"polluted":1},"user":"Ada","text":"x"}`,
    `{"user":"Ada","text":"x","a":{"${name}":{"prototype":{"polluted":1}}}}`,
    `{"user":"Ada","text":{"${name}":{"polluted":1}}}`,
    `{"conditions":{"${name}":{"polluted":1}}}`,
    `{"${name}":1}`,
  ]
  for (const body of bodies) {
    for (const [method, path] of [
      ['POST', '/feed/lobby'],
      ['PUT', '/lab/settings'],
      ['POST', '/lab/cut'],
    ]) {
      const request = `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`
      expect([201, 400], `${method} ${path} ${body}`).toContain(statusOf(await raw(server.port, request).closed()))
    }
  }
  const kept = await raw(server.port, get('/feed/lobby/poll?after=0', 'Connection: close\r\n')).closed()
  expect(kept).not.toMatch(/polluted/)
})

test.each(NAMES)('the name %s in an address is refused or has no effect', async (name) => {
  await using server = await serve()
  const ask = async (path: string) => statusOf(await raw(server.port, get(path, 'Connection: close\r\n')).closed())
  // Names of rooms have lower-case letters, so only some of these names could be a room.
  expect(await ask(`/feed/${name}/poll`)).toBe(/^[a-z]+$/.test(name) ? 200 : 400)
  expect(await ask(`/feed/lobby/poll?${name}=1&${name}[polluted]=1`)).toBe(200)
  expect(await ask(`/feed/lobby/poll?after=${name}`)).toBe(400)
  expect([200, 400]).toContain(await ask(`/feed/lobby/poll?lane=${name}`))
  expect(await ask(`/${name}`)).toBe(404)
  expect(await ask(`/vendor/${name}/x.js`)).toBe(404)
  expect(await ask(`/source/${name}/x.ts`)).toBe(404)
})

test.each(NAMES)('a WebSocket does not accept %s as a type, a room or a key', async (name) => {
  await using server = await serve()
  for (const path of ['/feed/lobby/ws', '/lab?room=lobby']) {
    const socket = new WebSocket(`${server.origin.replace('http', 'ws')}${path}`)
    const codes: string[] = []
    socket.on('message', (data) => {
      const message: { type: string; code?: string } = JSON.parse(String(data))
      if (message.type === 'error') codes.push(message.code ?? '')
    })
    await once(socket, 'open')
    socket.send(`{"type":"${name}"}`)
    socket.send(`{"type":"join","room":{"${name}":{"polluted":1}}}`)
    socket.send(`{"type":"settings","settings":{"${name}":{"polluted":1}}}`)
    socket.send(`{"type":"settings","settings":{"conditions":{"${name}":{"polluted":1}}}}`)
    socket.send(`{"${name}":{"type":"ping"}}`)
    await until('all five messages are refused', () => codes.length === 5)
    expect(codes.every((code) => ['bad-message', 'unknown-type', 'bad-settings'].includes(code))).toBe(true)
    socket.close()
  }
})
