/** Serves `/lessons`: which there are and how far one is, each with the live lanes beside it. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { REPOSITORY, documentHeaders } from '../page.ts'
import { FRESH, notFound } from '../rendered.ts'
import { lessonsIn } from './course.ts'
import type { Kit } from './kit.ts'
import { coursePage, lessonPage } from './pages.ts'
import type { Way } from './way.ts'

interface LessonParts {
  /** The folder that holds `web/` and `lessons/`; default: this repository. */
  readonly root?: string
  readonly kit?: Kit | undefined
  readonly way?: Pick<Way, 'origin'>
}

/** Only a lesson that is there has a page: no file is named by the address. */
export function serveLessons(app: FastifyInstance, { root = REPOSITORY, kit, way }: LessonParts = {}): void {
  const lessons = () => lessonsIn(join(root, 'lessons'))
  const frame = () => readFile(join(root, 'web/lesson.html'), 'utf8')
  // A page speaks to this server and, beside a lesson that runs, to the student's by the way there.
  const wayThere = () => way?.origin ?? ''
  const spokenTo = () => (wayThere() === '' ? [] : [wayThere(), wayThere().replace('http', 'ws')])
  const answer = (reply: FastifyReply, html: string) =>
    reply.headers({ ...documentHeaders(html, spokenTo()), ...FRESH }).send(html)

  get(app, '/lessons', async (_request, reply) => answer(reply, coursePage(await frame(), await lessons())))

  get(app, '/lessons/:name', async ({ params: { name }, headers: { host = '' } }, reply) => {
    const course = await lessons()
    const lesson = course.find((one) => one.name === name)
    return lesson
      ? answer(reply, lessonPage(await frame(), course, lesson, { host, way: wayThere(), yours: kit?.yours ?? '' }))
      : notFound(reply)
  })
}

interface LessonRequest {
  Params: { name: string }
}

/** As for files (page.ts): HEAD by name, and no part of the OpenAPI document. */
function get(
  app: FastifyInstance,
  url: string,
  handler: (request: FastifyRequest<LessonRequest>, reply: FastifyReply) => Promise<FastifyReply>,
): void {
  app.route<LessonRequest>({ method: ['GET', 'HEAD'], url, schema: { hide: true }, handler })
}
