/** Serves `/lessons`: which there are and how far one is, each with the live lanes beside it. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { REPOSITORY, documentHeaders } from '../page.ts'
import { FRESH, notFound } from '../rendered.ts'
import { lessonsIn } from './course.ts'
import { coursePage, lessonPage } from './pages.ts'

/** Only a lesson that is there has a page: no file is named by the address. */
export function serveLessons(app: FastifyInstance, { root = REPOSITORY }: { root?: string } = {}): void {
  const lessons = () => lessonsIn(join(root, 'lessons'))
  const frame = () => readFile(join(root, 'web/lesson.html'), 'utf8')
  const answer = (reply: FastifyReply, html: string) => reply.headers({ ...documentHeaders(html), ...FRESH }).send(html)

  get(app, '/lessons', async (_request, reply) => answer(reply, coursePage(await frame(), await lessons())))

  get(app, '/lessons/:name', async ({ params: { name }, headers: { host = '' } }, reply) => {
    const course = await lessons()
    const lesson = course.find((one) => one.name === name)
    return lesson ? answer(reply, lessonPage(await frame(), course, lesson, host)) : notFound(reply)
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
