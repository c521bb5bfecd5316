import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { SITE } from '../../../server/pages/site.ts'
import { serve } from '../../serve.ts'

const NAMES = SITE.map(({ name }) => name)

test.each([
  ['/', 'Sandbox', 'page'],
  ['/lessons', 'Lessons', 'page'],
  ['/lessons/04-long-polling', 'Lessons', 'true'],
  ['/docs', 'Docs', 'page'],
  ['/docs/server', 'Docs', 'true'],
  ['/board', 'Board', 'page'],
  ['/choose', 'Choose', 'page'],
  ['/chat', 'Chat', 'page'],
  ['/sign-in.html', undefined, undefined],
  ['/nowhere', undefined, undefined],
])('the head of %s has the links of all pages without JavaScript, and marks %s', async (path, name, mark) => {
  await using server = await serve()
  const html = await (await fetch(server.origin + path, { headers: { accept: 'text/html' } })).text()
  const [, nav = ''] = /<nav aria-label="Pages">(.*?)<\/nav>/s.exec(html) ?? []
  const links = Array.from(nav.matchAll(/<a href="([^"]+)"(?: aria-current="(\w+)")?>([^<]+)<\/a>/g))
  expect(links.map(([, , , text]) => text)).toEqual(NAMES)
  const marked = links.filter(([, , current]) => current !== undefined)
  expect(marked.map(([, , current, text]) => [text, current])).toEqual(name === undefined ? [] : [[name, mark]])
  expect(html).toMatch(/<script src="[^"]*\/early(-theme\.ts|\.js)"><\/script>/)
  expect(html).not.toContain('<!-- head -->')
})

test('every page of the list exists, and the page for unknown addresses names it with its purpose', async () => {
  await using server = await serve()
  const nowhere = await fetch(`${server.origin}/nowhere`, { headers: { accept: 'text/html' } })
  expect(nowhere.status).toBe(404)
  const html = await nowhere.text()
  for (const { path, name, about } of SITE) {
    expect((await fetch(server.origin + path)).status, path).toBe(200)
    expect(html).toContain(`<li><a href="${path}">${name}</a> <span>${about}</span></li>`)
  }
})

test('the script for the theme is a classic script, which the browser runs before it draws', async () => {
  const text = await readFile('web/page/early-theme.ts', 'utf8')
  expect(text).not.toMatch(/^(?:import|export) /m)
})
