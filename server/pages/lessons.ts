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

/** Adds the routes. The name in an address is only compared with existing lessons, and never used as a path. */
export function serveLessons(app: FastifyInstance, { root = REPOSITORY, kit }: LessonParts = {}): void {
  const lessons = () => lessonsIn(join(root, 'lessons'))
  const frame = () => readFile(join(root, 'web/lesson/index.html'), 'utf8')
  const mine = kit ? MINE : ''
  const answer = (reply: FastifyReply, html: string) => reply.headers({ ...documentHeaders(html), ...FRESH }).send(html)

  servePublic(app, '/lessons', async (_request, reply) => answer(reply, coursePage(await frame(), await lessons())))

  // The file `hello.json` is the body that commands of the lessons send. The buttons beside these commands send the
  // same body.
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
