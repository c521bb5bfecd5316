/** Serves the show: the room and the present scene, for pages that open the lab of this room. */
import type { App } from '../http/app-type.ts'
import { createShow } from './show.ts'
import type { Show, ShowParts } from './show.ts'

const schema = { summary: 'The room of the present class, and the scene and the step of its show' }

export function serveShow(app: App, parts: ShowParts): Show {
  const show = createShow(parts)

  app.get('/show', { schema, config: { access: 'class' } }, async (_request, reply) => {
    const { room, scene, step, version } = show.state(false)
    reply.header('cache-control', 'no-store')
    return { room, scene, step, version }
  })

  return show
}
