/** Checks the QR code of the stage: a decoder reads in the drawn picture the address at which the class joins. */
import jsqr from 'jsqr'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serve } from '../serve.ts'
import { launch } from './chromium.ts'
import { open } from './opened.ts'

const JOIN = ['http://192.168.1.20:3000/join', 'https://a-very-long-name-of-a-codespace-3000.app.example/join']

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

test('the drawn code at each number is the address with this number, and no header of the request changes it', async () => {
  await using server = await serve({ joinAddresses: () => JOIN })
  await using opened = await open(browser, server, '/health')
  const { page, context } = opened
  await context.setExtraHTTPHeaders({ 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' })
  for (const [at, address] of JOIN.entries()) {
    const side = 220
    const pixels = await page.evaluate(
      async ([path, size]) => {
        const image = new Image(size, size)
        image.src = path
        await image.decode()
        const pen = new OffscreenCanvas(size, size).getContext('2d')
        pen?.drawImage(image, 0, 0, size, size)
        return Array.from(pen?.getImageData(0, 0, size, size).data ?? [])
      },
      [`/stage/qr.svg?at=${at}`, side] as const,
    )
    expect(jsqr.default(Uint8ClampedArray.from(pixels), side, side)?.data).toBe(address)
  }
  expect((await fetch(`${server.origin}/stage/qr.svg?at=2`)).status).toBe(404)
  expect((await fetch(`${server.origin}/stage/qr.svg?at=-1`)).status).toBe(400)
})
