/** Checks that no text of a page overlaps another, is cut, or makes the page scroll sideways. */
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serve } from '../serve.ts'
import { launch } from './chromium.ts'
import { lanesHave, open } from './opened.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

/** The second font is the widest that the page falls back to. */
const FONTS = ['Liberation Sans', 'DejaVu Sans']

test.each([360, 375, 390])(
  'on a phone of %d px, all texts of the sandbox fit, in wide fonts and with long states',
  async (width) => {
    await using server = await serve()
    await using opened = await open(browser, server, '/?rate=10&poll=0.25&lanes=short-poll,long-poll,sse,ws,stream', {
      viewport: { width, height: 700 },
      hasTouch: true,
    })
    const { page } = opened
    await lanesHave(page, 2)
    for (const font of FONTS) {
      await page.evaluate((name) => document.documentElement.style.setProperty('--font', `'${name}'`), font)
      expect(await misfits(page), font).toEqual([])
    }
    await page.evaluate(() => {
      const session = Reflect.get(document.querySelector('fw-page') ?? {}, 'session')
      session.statusOf = () => ({ is: 'dropped', alarm: 'dropped', text: 'too slow: 1 MiB behind' })
    })
    await page.locator('.state').first().getByText('too slow').waitFor()
    expect(await misfits(page)).toEqual([])
  },
)

test.each(['/board', '/choose', '/capacity', '/chat', '/lessons', '/docs', '/sign-in.html', '/nowhere'])(
  'on a phone of 360 px, all texts of %s fit, in wide fonts too',
  async (path) => {
    await using server = await serve()
    await using opened = await open(browser, server, path, { viewport: { width: 360, height: 640 }, hasTouch: true })
    const { page } = opened
    await page.locator('.unstarted').waitFor({ state: 'detached' })
    for (const font of FONTS) {
      await page.evaluate((name) => document.documentElement.style.setProperty('--font', `'${name}'`), font)
      expect(await misfits(page), font).toEqual([])
    }
  },
)

/** Returns what is wrong with the visible texts of the page. */
function misfits(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = []
    if (document.documentElement.scrollWidth > innerWidth)
      found.push(`the page is ${document.documentElement.scrollWidth} px wide`)
    const texts: { text: string; element: Element; boxes: DOMRect[] }[] = []
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement
      const text = node.textContent?.trim() ?? ''
      if (!element || text === '' || !element.checkVisibility({ visibilityProperty: true })) continue
      // Texts only for screen readers, lists of a select, and regions that scroll by themselves.
      if (element.closest('option, .vh, .progress, tbody, .attendance, noscript, script, style')) continue
      if (getComputedStyle(element).clipPath !== 'none' || element.parentElement?.closest('[style*="clip"]')) continue
      const range = document.createRange()
      range.selectNodeContents(node)
      const boxes = [...range.getClientRects()].filter(({ width, height }) => width > 1 && height > 1)
      for (const { left, right } of boxes)
        if (left < -0.5 || right > innerWidth + 0.5) found.push(`“${text}” leaves the page`)
      for (let box: Element | null = element; box; box = box.parentElement)
        if (getComputedStyle(box).overflowX === 'hidden')
          for (const { right } of boxes)
            if (right > box.getBoundingClientRect().right + 1) found.push(`“${text}” is cut`)
      texts.push({ text, element, boxes })
    }
    const isOver = (one: DOMRect, other: DOMRect): boolean =>
      Math.min(one.right, other.right) - Math.max(one.left, other.left) > 1 &&
      Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 4
    texts.forEach(({ text, element, boxes }, i) => {
      for (const other of texts.slice(i + 1))
        if (other.element !== element && boxes.some((box) => other.boxes.some((one) => isOver(box, one))))
          found.push(`“${text}” overlaps “${other.text}”`)
    })
    return [...new Set(found)]
  })
}
