/** Serves `/lessons`: the list of lessons with the student's progress, and a page for each lesson. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { REPOSITORY, documentHeaders, servePublic } from './page.ts'
import { FRESH, notFound } from '../http/rendered.ts'
import { lessonsIn } from '../lessons/course.ts'
import type { Kit } from '../lessons/kit.ts'
import { MINE } from '../lessons/mine.ts'
import { coursePage, lessonPage } from './lesson-pages.ts'

interface LessonParts {
  /** Folder that contains `web/` and `lessons/`. Default: this repository. */
  readonly root?: string
  readonly kit?: Kit | undefined
}

/** Adds the routes. A route compares the name in the address with the existing lessons, and never uses it as a path. */
export function serveLessons(app: FastifyInstance, { root = REPOSITORY, kit }: LessonParts = {}): void {
  const lessons = () => lessonsIn(join(root, 'lessons'))
  const frame = () => readFile(join(root, 'web/lesson/index.html'), 'utf8')
  const mine = kit ? MINE : ''
  const answer = (reply: FastifyReply, html: string) => reply.headers({ ...documentHeaders(html), ...FRESH }).send(html)

  servePublic(app, '/lessons', async (_request, reply) => answer(reply, coursePage(await frame(), await lessons())))

  // Commands in the lessons send the file `hello.json` as the body of a request. The buttons beside these commands get
  // the file from this route and send the same body.
  servePublic(app, '/lessons/hello.json', async (_request, reply) =>
    reply
      .headers({ 'content-type': 'application/json; charset=utf-8', ...FRESH })
      .send(await readFile(join(root, 'lessons/hello.json'))),
  )

  servePublic<{ name: string }>(app, '/lessons/:name', async ({ params: { name }, headers: { host = '' } }, reply) => {
    const course = await lessons()
    const lesson = course.find((one) => one.name === name)
    return lesson
      ? answer(reply, lessonPage(await frame(), course, lesson, { host, mine, yours: kit?.yours ?? '' }))
      : notFound(reply)
  })
}
