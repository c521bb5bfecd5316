import Fastify from 'fastify'
import { expect, test } from 'vitest'
import type { App } from '../../../server/http/app-type.ts'
import { serveJoinCode } from '../../../server/pages/join-code.ts'

test('the code of an address is drawn only once, because anybody can ask for it again and again', async () => {
  const app = Fastify()
  const addresses = ['http://192.168.1.20:3000/join', 'http://10.0.0.2:3000/join']
  const drawn: string[] = []
  serveJoinCode(
    app as unknown as App,
    () => addresses,
    (text) => {
      drawn.push(text)
      return `<svg>${text}</svg>`
    },
  )
  for (const at of [0, 0, 1, 0, 1])
    expect((await app.inject(`/stage/qr.svg?at=${at}`)).body).toBe(`<svg>${addresses[at]}</svg>`)
  expect(drawn).toEqual(addresses)
  await app.close()
})
