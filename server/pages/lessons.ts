/** Serves `/lessons`: the list of lessons with the student's progress, a page for each lesson, and its further pages. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { REPOSITORY, sendDocument, servePublic } from './page.ts'
import { FRESH, notFound } from '../http/rendered.ts'
import { lessonsIn } from '../lessons/course.ts'
import type { Kit } from '../lessons/kit.ts'
import { MINE } from '../lessons/mine.ts'
import { coursePage, lessonPage, readingPage } from './lesson-pages.ts'
import type { ReadingPage } from './lesson-pages.ts'
import type { LessonDocument } from '../lessons/course.ts'

interface LessonParts {
  /** Folder that contains `web/` and `lessons/`. Default: this repository. */
  readonly root?: string
  readonly kit?: Kit | undefined
}

const TEMPLATE = 'lesson/index.html'

/** Adds the routes. A route compares the name in the address with the existing lessons, and never uses it as a path. */
export function serveLessons(app: FastifyInstance, { root = REPOSITORY, kit }: LessonParts = {}): void {
  const lessons = () => lessonsIn(join(root, 'lessons'))
  const frame = () => readFile(join(root, 'web', TEMPLATE), 'utf8')
  const mine = kit ? MINE : ''
  const answer = (request: FastifyRequest, reply: FastifyReply, html: string) =>
    sendDocument(request, reply, html, TEMPLATE, root)

  servePublic(app, '/lessons', async (request, reply) =>
    answer(request, reply, coursePage(await frame(), await lessons())),
  )

  // Commands in the lessons send the file `hello.json` as the body of a request. The buttons beside these commands get
  // the file from this route and send the same body.
  servePublic(app, '/lessons/hello.json', async (_request, reply) =>
    reply
      .headers({ 'content-type': 'application/json; charset=utf-8', ...FRESH })
      .send(await readFile(join(root, 'lessons/hello.json'))),
  )

  servePublic<{ name: string }>(app, '/lessons/:name', async (request, reply) => {
    const { name } = request.params
    const { host = '' } = request.headers
    const course = await lessons()
    const lesson = course.find((one) => one.name === name)
    return lesson
      ? answer(request, reply, lessonPage(await frame(), course, lesson, { host, mine, yours: kit?.yours ?? '' }))
      : notFound(reply)
  })

  servePublic<{ name: string; page: string }>(app, '/lessons/:name/:page', async (request, reply) => {
    const { params } = request
    const course = await lessons()
    const lesson = course.find(({ name }) => name === params.name)
    const pages = lesson ? await pagesOf(join(root, 'lessons', lesson.name), lesson) : []
    const found = pages.find(({ page }) => page === params.page)
    return lesson && found
      ? answer(request, reply, readingPage(await frame(), course, lesson, pages, found))
      : notFound(reply)
  })
}

/** Reads the documents in the lesson's folder to which the lesson's text links, in the order of the links. */
async function pagesOf(folder: string, { text }: LessonDocument): Promise<readonly ReadingPage[]> {
  const names = new Set(Array.from(text.matchAll(/\]\(([a-z0-9-]+)\.md(?:#[^)]*)?\)/g), ([, name = '']) => name))
  const pages = await Promise.all(
    Array.from(names, async (page): Promise<readonly ReadingPage[]> => {
      const markdown = await readFile(join(folder, `${page}.md`), 'utf8').catch(() => null)
      const [head = '', title = page] = /^# (.*)\n/.exec(markdown ?? '') ?? []
      return markdown === null ? [] : [{ page, title, text: markdown.slice(head.length) }]
    }),
  )
  return pages.flat()
}
