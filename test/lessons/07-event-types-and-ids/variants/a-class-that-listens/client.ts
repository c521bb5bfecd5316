/** Each stream is an object, and the position goes into the address. */
import type { Event } from '#server/protocol.ts'

type Target = { readonly origin: string; readonly room: string; readonly after?: string }

class Client {
  #position: string | undefined
  #retryMs = 3000
  #abort = new AbortController()
  #messages = new Map<string, Event>()
  readonly #target: Target
  readonly #deliver: (event: Event) => void

  constructor(target: Target, deliver: (event: Event) => void) {
    this.#target = target
    this.#position = target.after
    this.#deliver = deliver
  }

  async run() {
    for (;;) {
      try {
        if (await this.#stream()) break
      } catch (error) {
        if (this.#abort.signal.aborted) break
        console.debug(error)
      }
      await new Promise((resolve) => setTimeout(resolve, this.#retryMs))
      if (this.#abort.signal.aborted) break
    }
  }

  stop() {
    this.#abort.abort()
  }

  async #stream(): Promise<boolean> {
    const url = new URL(`${this.#target.origin}/feed/${this.#target.room}/sse`)
    if (this.#position) url.searchParams.set('after', this.#position)
    const response = await fetch(url, { signal: this.#abort.signal })
    if (response.status === 204) return true
    if (response.status !== 200) throw new Error(response.statusText)
    let text = ''
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true })
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        this.#take(text.slice(0, end))
        text = text.slice(end + 2)
      }
    }
    return false
  }

  #take(block: string) {
    const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1]
    const [id, retry, type, data] = ['id', 'retry', 'event', 'data'].map(field)
    if (retry) this.#retryMs = +retry
    if (id) this.#position = id
    if (!data || (type ?? 'message') !== 'message') return
    const event: Event = JSON.parse(data)
    if (this.#messages.has(event.id)) return
    this.#messages.set(event.id, event)
    this.#deliver(event)
  }
}

export const connect = (target: Target, listener: { event(event: Event): void }) => {
  const client = new Client(target, (event) => listener.event(event))
  void client.run()
  return () => client.stop()
}
