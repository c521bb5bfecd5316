/** Tasks on boards. Who watches a board hears of its changes: over a WebSocket, by a request that is held, by mail. */
import Fastify from 'fastify'
import type { FastifyReply } from 'fastify'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'

type Task = { readonly id: string; readonly board: string; readonly title: string; isDone: boolean }
type Change = { readonly type: 'task_created' | 'task_done'; readonly task: Task }
type Handler = (change: Change) => unknown
type Request = { Params: { board: string; id: string }; Body: { title: string } }

const EVERY = '*' // the topic of whoever wants to hear of all boards
const app = Fastify()
const bus = createBus()
const tasks = new Map<string, Task>()
const sockets = new Map<WebSocket, string>()
const held = new Map<FastifyReply, string>()
app.get<Request>('/boards/:board', async ({ params: { board } }) => ({ subscribers: bus.size(board) }))

app.post<Request>('/boards/:board/tasks', async ({ params: { board }, body: { title } }, reply) => {
  const task = { id: `t${tasks.size + 1}`, board, title, isDone: false }
  tasks.set(task.id, task)
  // TODO 3: the change is published, here and below. Whom it goes to, and how, is nothing that a route knows.
  const change: Change = { type: 'task_created', task }
  mail(change)
  for (const [socket, of] of sockets) if (of === board) socket.send(JSON.stringify(change))
  for (const [request, of] of held) if (of === board && held.delete(request)) request.send(change)
  return reply.code(201).send(task)
})

app.post<Request>('/tasks/:id/done', async ({ params: { id } }, reply) => {
  const task = tasks.get(id)
  if (!task) return reply.code(404).send({ error: `There is no task ${id}.` })
  task.isDone = true
  for (const [to, board] of sockets) if (board === task.board) to.send(JSON.stringify({ type: 'task_done', task }))
  return task
})

// TODO 2: these two, and mail, subscribe. What ends that for each of them? The next change answers a held request.
app.get<Request>('/boards/:board/next', ({ params: { board } }, reply) => void held.set(reply, board))
const server = new WebSocketServer({ server: app.server })
server.on('connection', (socket, { url = '' }) => void sockets.set(socket, url.split('/')[2] ?? ''))
await app.listen({ port: Number(process.env['PORT'] ?? 4114) })

function createBus() {
  return {
    // TODO 1: `subscribe` gives back what ends it, and that may be called twice. `publish` calls whoever has subscribed
    //         to the topic or to EVERY, and waits for nobody. What one of them does, or throws, hurts no other.
    subscribe: (topic: string, handler: Handler) => () => {},
    publish: (topic: string, change: Change) => {},
    size: (topic: string): number => 0,
  }
}

/** To whoever the title mentions; as reliable as mail is. */
function mail({ task: { title } }: Change): Promise<void> | void {
  if (title.includes('@nobody')) throw new Error('There is no such address.')
  if (title.includes('@later')) return Promise.reject(new Error('The mail server is away.'))
  return title.includes('@slow') ? new Promise(() => {}) : undefined
}
