import Fastify from 'fastify'
import { expect, test, vi } from 'vitest'
import type { App } from '../../../server/http/app-type.ts'
import { serveJoinCode } from '../../../server/pages/join-code.ts'
import * as codes from '../../../server/start/qr-code.ts'

vi.mock('../../../server/start/qr-code.ts', { spy: true })

test('the code of an address is drawn only once, because anybody can ask for it again and again', async () => {
  const app = Fastify()
  serveJoinCode(app as unknown as App, () => ['http://192.168.1.20:3000/join', 'http://10.0.0.2:3000/join'])
  const get = async (at: number): Promise<string> => (await app.inject(`/stage/qr.svg?at=${at}`)).body
  const first = await get(0)
  expect(first).toContain('<svg')
  for (let i = 0; i < 3; i++) expect(await get(0)).toBe(first)
  expect(await get(1)).not.toBe(first)
  expect(codes.qrCode).toHaveBeenCalledTimes(2)
  await app.close()
})
