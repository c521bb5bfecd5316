import { globSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import Fastify from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { DOCUMENTS, addressOf, serveDocuments } from '../../../server/pages/documents.ts'
import { page } from '../../../server/pages/page.ts'
import { serve } from '../../serve.ts'

const REPOSITORY = join(import.meta.dirname, '../../..')

describe('the list of documents', () => {
  test('has every document of the repository outside the folders of the lessons', () => {
    const files = globSync(
      [
        '*.md',
        'lessons/*.md',
        '{server,web,test,test/compare,test/claims}/README.md',
        'lessons/kit/*.md',
        '.github/*.md',
      ],
      {
        cwd: REPOSITORY,
      },
    ).map((path) => path.replaceAll('\\', '/'))
    expect(DOCUMENTS.map(({ path }) => path).toSorted()).toEqual(files.toSorted())
  })

  test('links to the page of each document', async () => {
    await using server = await serve()
    const html = await textAt(`${server.origin}/docs`)
    for (const { name, label, about } of DOCUMENTS)
      expect(html).toContain(`<a href="/docs/${name}">${label}</a><small>${about}</small>`)
  })

  test('leaves out a document whose file is missing, and this document has no page', async () => {
    const app = await served({ 'server/README.md': '# The server\n' })
    const { body } = await app.inject('/docs')
    expect(Array.from(body.matchAll(/<li>.*?href="([^"]*)"/g), ([, href]) => href)).toEqual(['/docs/server'])
    expect((await app.inject('/docs/readme')).statusCode).toBe(404)
  })
})

describe('the page of a document', () => {
  test('contains only links to pages and headings that exist', async () => {
    await using server = await serve()
    const known = new Map<string, string>()
    const load = async (path: string) => {
      const html = known.get(path) ?? (await textAt(`${server.origin}${path}`))
      known.set(path, html)
      return html
    }
    const wrong: string[] = []
    let checked = 0
    for (const { name } of DOCUMENTS) {
      const html = await load(`/docs/${name}`)
      const [, text = ''] = /<main(.*?)<\/main>/s.exec(html) ?? []
      const targets = Array.from(text.matchAll(/(?:href|src)="([^"]*)"/g), ([, target = '']) => target)
      for (const target of targets.filter((to) => !/^https?:/.test(to))) {
        checked++
        const [path = '', anchor] = target.split('#')
        const found = await load(path === '' ? `/docs/${name}` : path).catch(() => null)
        if (found === null || (anchor && !found.includes(`id="${anchor}"`))) wrong.push(`${name}: ${target}`)
      }
    }
    expect(wrong).toEqual([])
    expect(checked).toBeGreaterThan(50)
  })

  test('has the same security headers as a lesson, a title, and a link that is marked as the current page', async () => {
    await using server = await serve()
    const document = await fetch(`${server.origin}/docs/server`)
    const lesson = await fetch(`${server.origin}/lessons/04-long-polling`)
    const names = ['content-security-policy', 'content-type', 'cache-control', 'cross-origin-opener-policy']
    expect(names.map((name) => document.headers.get(name))).toEqual(names.map((name) => lesson.headers.get(name)))
    const html = await document.text()
    expect(html).toContain('<title>Fourwire: The server</title>')
    expect(html).toContain('<a href="/docs/server" class="current" aria-current="page">Server</a>')
  })

  test('shows HTML of the document as text', async () => {
    const app = await served({ 'README.md': '# Fourwire\n\n<script>alert(1)</script>\n' })
    const { body } = await app.inject('/docs/readme')
    expect(body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  })

  test('changes when its file changes', async () => {
    const app = await served({ 'README.md': '# Before\n' })
    await writeFile(join(app.root, 'README.md'), '# After\n')
    expect((await app.inject('/docs/readme')).body).toContain('<h1>After</h1>')
  })
})

test.each([
  ['../README.md', 'server/README.md', '/docs/readme'],
  ['#limits', 'server/README.md', '#limits'],
  ['../server/README.md#limits', '.github/SECURITY.md', '/docs/server#limits'],
  ['04-long-polling/README.md', 'lessons/README.md', '/lessons/04-long-polling'],
  ['../../lessons/04-long-polling/README.md#look', 'lessons/kit/README.md', '/lessons/04-long-polling#look'],
  ['test/browser/sandbox.png', 'README.md', '/docs/sandbox.png'],
  ['http://localhost:3000/choose', 'README.md', '/choose'],
  ['http://localhost:3000', 'README.md', '/'],
  ['https://example.org/', 'README.md', 'https://example.org/'],
  ['LICENSE', 'README.md', null],
  ['errors.ts', 'server/README.md', null],
])('the link %s in %s leads to %s', (target, from, address) => {
  expect(addressOf(target, from)).toBe(address)
})

test.each([
  '/docs/nothing',
  '/docs/README.md',
  '/docs/..',
  '/docs/..%2Fpackage.json',
  '/docs/server%2FREADME.md',
  '/docs/',
])('a request for %s gets a 404', async (path) => {
  const app = await served({ 'README.md': '# Fourwire\n', 'server/README.md': '# The server\n' })
  expect((await app.inject(path)).statusCode).toBe(404)
})

async function textAt(url: string): Promise<string> {
  const response = await fetch(url)
  if (response.status !== 200) throw new Error(`${url} returned ${response.status}.`)
  return response.text()
}

const TEMPLATE = `<title>Fourwire: <!-- title --></title>
<script type="importmap">{}</script><nav><!-- entries --></nav><!-- main -->`

/** Returns a server whose repository contains these files and the template. */
async function served(files: Readonly<Record<string, string>>) {
  const root = await mkdtemp(join(tmpdir(), 'fourwire-documents-'))
  for (const [name, text] of Object.entries({ 'web/lesson/index.html': TEMPLATE, ...files })) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  const app = Fastify()
  onTestFinished(async () => {
    await app.close()
    await rm(root, { recursive: true })
  })
  await page(app, { root })
  serveDocuments(app, { root })
  return { root, inject: (url: string) => app.inject(url) }
}
