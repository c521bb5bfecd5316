/** Reads the stream line by line, as the standard describes it, and sets a timer instead of a loop. */
import type { Event } from '#server/protocol.ts'

export function connect(
  { origin, room, after }: { origin: string; room: string; after?: string },
  listener: { event(event: Event): void },
): () => void {
  const delivered: string[] = []
  const controller = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let lastEventId = after ?? ''
  let reconnectionTime = 3000

  open()
  return () => {
    controller.abort(new Error('stopped'))
    clearTimeout(timer)
  }

  function open() {
    const headers = new Headers({ accept: 'text/event-stream' })
    if (lastEventId !== '') headers.set('last-event-id', lastEventId)
    fetch(new URL(`/feed/${room}/sse`, origin), { headers, signal: controller.signal, cache: 'no-store' })
      .then((response) => {
        if (response.status === 204) return true
        if (!response.ok) throw new Error(`HTTP ${response.status}`)
        return read(response)
      })
      .catch(() => false)
      .then((isDone) => {
        if (!isDone && !controller.signal.aborted) timer = setTimeout(open, reconnectionTime)
      })
  }

  async function read({ body }: Response) {
    const decoder = new TextDecoder()
    if (!body) return false
    const reader = body.getReader()
    let rest = ''
    let id = lastEventId
    let type = ''
    let data: string[] = []
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return false
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (line === '') dispatch()
        else if (line.startsWith('id:')) id = line.slice(3).trim()
        else if (line.startsWith('event:')) type = line.slice(6).trim()
        else if (line.startsWith('data:')) data.push(line.slice(5).trimStart())
        else if (/^retry: ?\d+$/.test(line)) reconnectionTime = Number.parseInt(line.slice(6))
      }
    }

    function dispatch() {
      lastEventId = id
      if (data.length > 0 && (type === '' || type === 'message')) {
        const event = JSON.parse(data.join('\n')) as Event
        if (!delivered.includes(event.id)) {
          delivered.push(event.id)
          listener.event(event)
        }
      }
      type = ''
      data = []
    }
  }
}
