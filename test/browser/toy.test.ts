/** A new transport in a copy of the page: the copy has one more file and one more line, and is otherwise unchanged. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { transports } from '../../server/transports/index.ts'
import type { LaneSnapshot, Snapshot } from '../../web/session/snapshot.ts'
import { serve } from '../serve.ts'
import { TOY, toy } from '../server/transports/toy.ts'
import { launch } from './chromium.ts'
import { lanesHave, open, snapshotOf } from './opened.ts'

const REPOSITORY = join(import.meta.dirname, '../..')

let browser: Browser
let root: string
beforeAll(async () => {
  browser = await launch()
  root = await copyWithToy()
})
afterAll(async () => {
  await browser.close()
  await rm(root, { recursive: true })
})

test('a new transport, added by one file and one index line, gets a lane, a strip, a model, an inspector and exports', async () => {
  await using server = await serve({ root, transports: { ...transports, [TOY]: toy } })
  await using opened = await open(browser, server, `/?lanes=sse,${TOY}&rate=5`)
  const { page, trouble } = opened
  await lanesHave(page, 10)

  const row = page.getByRole('region', { name: 'Toy', exact: true })
  await row.getByRole('heading', { name: 'Toy' }).waitFor()
  await expect.poll(() => row.locator('.l95 .x').textContent()).toMatch(/^n [1-9]/)
  expect(await row.locator('.exp').textContent()).toMatch(/\d/)
  await expect.poll(() => row.getByText(/^expected \d+$/).count()).toBe(1)
  const lane = laneIn(await snapshotOf(page))
  expect(lane).toMatchObject({ on: true, state: 'open', lost: 0, duplicated: 0, requests: 1 })
  expect(lane?.p50Ms).toBeGreaterThan(0)
  expect(lane?.expectedP50Ms).toBeGreaterThan(0)
  expect(lane?.split?.payload).toBeGreaterThan(0)

  // The colour is in the description of the toy and nowhere else.
  await expect.poll(() => stripHas(page, [0x44, 0x44, 0x44])).toBe(true)

  const csv = await saved(page, 'CSV')
  expect(csv.split('\r\n')[0]).toMatch(/,sse ms,toy ms,/)
  expect(laneIn(JSON.parse(await saved(page, 'JSON')))?.n).toBeGreaterThan(9)
  expect(await saved(page, 'SVG')).toContain('Toy')
  expect(await saved(page, 'Text')).toContain('Toy')

  await row.getByRole('button', { name: 'Code of Toy' }).click()
  await page.locator('pre.code').getByText('netstring').first().waitFor()
  await page.getByRole('tab', { name: 'Exchange' }).click()
  const panel = page.getByRole('tabpanel', { name: 'Exchange' })
  await panel.getByText(/^A response that does not end/).waitFor()
  await panel.locator('summary').filter({ hasText: 'Request' }).click()
  await panel.getByText(/^GET \/feed\/lobby\/toy\?after=\S+ HTTP\/1\.1$/).waitFor()
  expect(trouble).toEqual([])
})

/** Copies the source into a new folder, adds the two files of the toy, and lists the toy in the index of the page. */
async function copyWithToy(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fourwire-toy-'))
  for (const side of ['server', 'web']) {
    await cp(join(REPOSITORY, side), join(folder, side), { recursive: true })
    const text = await readFile(join(REPOSITORY, `test/${side}/transports/toy.ts`), 'utf8')
    await writeFile(join(folder, `${side}/transports/toy.ts`), text.replaceAll(`'../../../${side}/`, "'../"))
  }
  const index = join(folder, 'web/transports/index.ts')
  const text = await readFile(index, 'utf8')
  await writeFile(index, `import { toy } from './toy.ts'\n${text.replace(/^}$/m, '  toy,\n}')}`)
  return folder
}

function laneIn({ lanes }: Snapshot): LaneSnapshot | undefined {
  return lanes.find(({ transport }) => transport === (TOY as string))
}

/** Returns whether the ladder's strip of the toy contains pixels of this colour. */
function stripHas(page: Page, colour: readonly number[]): Promise<boolean> {
  return page.evaluate((colour) => {
    const canvas = document.querySelector<HTMLCanvasElement>('fw-ladder canvas')
    const strip = document.querySelector('[data-lane=toy] .strip')
    if (!canvas || !strip) return false
    const [own, row] = [canvas.getBoundingClientRect(), strip.getBoundingClientRect()]
    const scale = canvas.width / own.width
    const [top, height] = [Math.round((row.top - own.top) * scale), Math.round(row.height * scale)]
    const pixels = canvas.getContext('2d')?.getImageData(0, top, canvas.width, height).data ?? []
    for (let i = 0; i < pixels.length; i += 4)
      if (colour.every((part, at) => pixels[i + at] === part) && pixels[i + 3] === 255) return true
    return false
  }, colour)
}

async function saved(page: Page, name: string): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name, exact: true }).click(),
  ])
  return readFile(await download.path(), 'utf8')
}
