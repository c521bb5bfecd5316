import { globSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import Fastify from 'fastify'
import type { InjectOptions } from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { serveLessons } from '../../../server/pages/lessons.ts'
import { htmlOf } from '../../../server/pages/markdown.ts'
import { REPOSITORY, page } from '../../../server/pages/page.ts'

const HEAD = '# What is *late*?\n\nLesson 3 · Short polling · 25 minutes\n\n'

describe('the page of a lesson', () => {
  test("begins with the lesson's number, facts and question", async () => {
    const html = await lesson('## The idea\n\nIt asks.\n')
    expect(html).toContain('<title>Fourwire: Lesson 3: What is *late*?</title>')
    expect(html).toContain('<p class="kick">Lesson 3 · Short polling · 25 minutes</p>')
    expect(html).toContain('<h1>What is <em>late</em>?</h1>')
    expect(html).toMatch(
      /<section aria-labelledby="the-idea"><h2 id="the-idea">The idea<\/h2>\n<p>It asks.<\/p>\n<\/section>/,
    )
  })

  test.each([
    ['http://localhost:3000/', 4],
    ['http://localhost:3000/?lanes=sse', 1],
    ['http://localhost:3000/?room=a&lanes=sse,ws&rate=2', 2],
  ])('with a link to %s, keeps the place of %d lanes free', async (link, lanes) => {
    expect(await lesson(`## Look\n\nOpen <${link}>.\n`)).toContain(`data-lanes="${lanes}"`)
  })

  test('has a field for the prediction in the section "Predict", and nowhere else', async () => {
    const html = await lesson('## Predict\n\nHow many?\n\n## The idea\n\nSo many.\n')
    expect(html).toMatch(
      /<section [^>]*class="predict">.*How many\?<\/p>\n<fw-prediction><\/fw-prediction>\n<\/section>/s,
    )
    expect(html.match(/<fw-prediction>/g)).toHaveLength(1)
  })

  test("opens the sandbox in the state that the lesson's first link describes", async () => {
    const html = await lesson('See <http://localhost:3000/?lanes=sse&poll=2>, or <http://localhost:3000>.\n')
    expect(html).toContain('<a href="/?lanes=sse&amp;poll=2">')
    expect(html).toContain('<a href="/">')
    expect(html).toContain('data-look="/?lanes=sse&amp;poll=2"')
  })

  test('links to other lessons and to its own headings, but to no file of the repository', async () => {
    const links =
      '[a](../04-long-polling/README.md#look) [b](../README.md) [c](#look) [d](check.ts) [e](https://example.org/)'
    const html = await lesson(`${links}\n`)
    const text = html.slice(html.indexOf('<h1>'), html.indexOf('<nav class="turn"'))
    const hrefs = Array.from(text.matchAll(/href="([^"]*)"/g), ([, href]) => href)
    expect(hrefs).toEqual(['/lessons/04-long-polling#look', '/lessons', '#look', '#', 'https://example.org/'])
  })

  test('shows its commands with the port at which the page was requested', async () => {
    const named = await lesson('```sh PUT /lab/settings {"ratePerSecond":2}\nnpm run look 4 fast\n```\n')
    expect(named).toContain(
      'data-request="PUT /lab/settings {&quot;ratePerSecond&quot;:2}"><code>npm run look 4 fast</code>',
    )
    const html = await lesson('```sh\ncurl localhost:3000/health\n```\n', { host: 'localhost:4321' })
    expect(html).toContain('<pre class="sh"><code>curl localhost:4321/health</code></pre>')
  })

  test('marks the part of an exchange that the lesson puts between ⟨ and ⟩', async () => {
    const html = await lesson('```http\nGET /feed/a/poll?after=⟨abc.7⟩ HTTP/1.1\n```\n')
    expect(html).toContain(
      '<div class="http"><pre><code>GET /feed/a/poll?after=<i>⟨abc.7⟩</i> HTTP/1.1</code></pre></div>',
    )
  })

  test('has an answer that a reader can open, and shows all other HTML as text', async () => {
    const html = await lesson(
      '<details>\n<summary>Answer</summary>\n\nIt **waits**.\n\n</details>\n\n<script>alert(1)</script> [x](javascript:alert(1))\n',
    )
    expect(html).toContain('<details>\n<summary>Answer</summary>\n<p>It <strong>waits</strong>.</p>\n</details>')
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(html).not.toMatch(/<a href="javascript/)
  })

  test('has the security headers of the sandbox, and connects only to this server', async () => {
    const app = await served({ 'lessons/03-short-polling/README.md': HEAD })
    const { headers } = await app.inject('/lessons/03-short-polling')
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'cross-origin-opener-policy': 'same-origin',
      'content-security-policy': expect.stringMatching(
        /script-src 'self' 'sha256-.*style-src 'self'.*connect-src 'self';/,
      ),
    })
  })

  test('links to the lesson before and the lesson after', async () => {
    const app = await served({
      'lessons/02-http/README.md': '# Two?\n',
      'lessons/03-short-polling/README.md': HEAD,
      'lessons/05-sse/README.md': '# Five?\n',
    })
    const { body } = await app.inject('/lessons/03-short-polling')
    expect(body).toMatch(/<a rel="prev" href="\/lessons\/02-http">.*<a rel="next" href="\/lessons\/05-sse">/)
  })

  test("changes when the lesson's file changes", async () => {
    const app = await served({ 'lessons/03-short-polling/README.md': HEAD })
    await writeFile(join(app.root, 'lessons/03-short-polling/README.md'), '# Other?\n')
    expect((await app.inject('/lessons/03-short-polling')).body).toContain('<h1>Other?</h1>')
  })
})

describe('a further page of a lesson', () => {
  const FILES = {
    'lessons/03-short-polling/README.md': `${HEAD}Read [b](second.md#end), then [a](first.md). [b](second.md) again.\n`,
    'lessons/03-short-polling/first.md': '# First?\n\nBack to [the lesson](README.md#look) and to [b](second.md).\n',
    'lessons/03-short-polling/second.md': '# Second?\n\nIt is **here**.\n',
    'lessons/03-short-polling/hidden.md': '# Hidden?\n',
  }

  test('has the text of its file, a link to the lesson, and links to the pages before and after it', async () => {
    const app = await served(FILES)
    const { body } = await app.inject('/lessons/03-short-polling/first')
    expect(body).toContain('<title>Fourwire: First?</title>')
    expect(body).toContain('<a href="/lessons/03-short-polling">Lesson 3: What is <em>late</em>?</a>')
    expect(body).toContain('<a href="/lessons/03-short-polling#look">the lesson</a>')
    expect(body).toContain('<a rel="prev" href="/lessons/03-short-polling/second">Second?</a></nav>')
    expect(body).not.toContain('rel="next"')
    expect((await app.inject('/lessons/03-short-polling/second')).body).toContain('<strong>here</strong>')
  })

  test('is linked from the lesson', async () => {
    const { body } = await (await served(FILES)).inject('/lessons/03-short-polling')
    expect(body).toContain('<a href="/lessons/03-short-polling/second#end">b</a>')
  })

  test.each(['hidden', 'README', 'none', '..%2Fkit', 'second.md'])(
    'does not exist for %s, to which the lesson has no link',
    async (name) => {
      expect((await (await served(FILES)).inject(`/lessons/03-short-polling/${name}`)).statusCode).toBe(404)
    },
  )
})

describe('the list of lessons', () => {
  test('has each lesson with its question, and marks the lessons that are done', async () => {
    const app = await served({
      'lessons/03-short-polling/README.md': HEAD,
      'lessons/04-long-polling/README.md': '# And now?\n',
      'lessons/kit/README.md': '# Not one\n',
      'lessons/05-not-yet/check.ts': '',
      'lessons/progress.json': '{ "04-long-polling": { "doneAt": "2026-01-01T00:00:00Z" } }',
    })
    const { body } = await app.inject('/lessons')
    expect(
      Array.from(body.matchAll(/<li data-lesson="([^"]+)"( class="done")?>/g), ([, name, done]) => [
        name,
        Boolean(done),
      ]),
    ).toEqual([
      ['03-short-polling', false],
      ['04-long-polling', true],
    ])
    expect(body).toContain('1 of 2 are done.')
  })

  test.each(['{', '[]', 'null'])('counts no lesson as done if the progress file contains %s', async (progress) => {
    const app = await served({ 'lessons/03-short-polling/README.md': HEAD, 'lessons/progress.json': progress })
    expect((await app.inject('/lessons')).body).toContain('0 of 1 are done.')
  })

  test('says that there are no lessons if the folder is empty', async () => {
    expect((await (await served({})).inject('/lessons')).body).toContain('There are no lessons here.')
  })
})

test('no drawing of a lesson is wider than a phone: each has at most 80 columns', async () => {
  const files = globSync('lessons/[0-9]*/*.md', { cwd: REPOSITORY })
  expect(files.length).toBeGreaterThan(20)
  for (const file of files) {
    const html = htmlOf(await readFile(join(REPOSITORY, file), 'utf8'), () => null)
    const drawings = Array.from(
      html.matchAll(/<pre class="([^"]*)"[^>]*aria-label="Drawing"/g),
      ([, names = '']) => names,
    )
    expect([file, ...drawings.filter((names) => !names.includes('columns-'))]).toEqual([file])
  }
})

test.each([
  '/lesson.html',
  '/lessons/kit',
  '/lessons/progress.json',
  '/lessons/README.md',
  '/lessons/03-short-polling/README.md',
  '/lessons/03-short-polling/solution/short-poll.ts',
  '/lessons/..',
  '/lessons/..%2F..%2Fpackage.json',
  '/lessons/03-short-polling%2FREADME.md',
  '/lessons/03-short-polling%00',
  '/lessons/03-SHORT-POLLING',
  '/source/lessons/03-short-polling/solution/short-poll.ts',
  '/source/lessons/kit/runner.ts',
])('a request for %s gets a 404', async (path) => {
  const app = await served({
    'lessons/03-short-polling/README.md': HEAD,
    'lessons/03-short-polling/solution/short-poll.ts': '',
    'lessons/kit/README.md': '# Kit\n',
    'lessons/kit/runner.ts': '',
    'lessons/progress.json': '{}',
  })
  expect((await app.inject(path)).statusCode).toBe(404)
})

const FRAME = `<title>Fourwire: <!-- title --></title>
<script type="importmap">{}</script><nav><!-- entries --></nav><!-- main -->`

/** Returns a server whose repository contains these files and the frame. */
async function served(files: Readonly<Record<string, string>>) {
  const root = await mkdtemp(join(tmpdir(), 'fourwire-lessons-'))
  for (const [name, text] of Object.entries({ 'web/lesson/index.html': FRAME, ...files })) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  const app = Fastify()
  onTestFinished(async () => {
    await app.close()
    await rm(root, { recursive: true })
  })
  await page(app, { root })
  serveLessons(app, { root })
  return { root, inject: (request: string | InjectOptions) => app.inject(request) }
}

async function lesson(text: string, { host = 'localhost:3000' } = {}): Promise<string> {
  const app = await served({ 'lessons/03-short-polling/README.md': `${HEAD}${text}` })
  return (await app.inject({ url: '/lessons/03-short-polling', headers: { host } })).body
}
