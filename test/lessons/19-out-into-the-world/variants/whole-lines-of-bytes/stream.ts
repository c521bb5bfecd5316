export interface Reader {
  readonly onText: (text: string) => void
  readonly signal: AbortSignal
}

const LINE_FEED = 10

/** Keeps bytes until a line is complete. A line feed is never a part of another character, so no character is cut. */
class Lines {
  private held: number[] = []

  add(bytes: Uint8Array): string[] {
    const lines: string[] = []
    for (const byte of bytes) {
      if (byte === LINE_FEED) {
        lines.push(Buffer.from(this.held).toString('utf8').trimEnd())
        this.held = []
      } else this.held.push(byte)
    }
    return lines
  }
}

export function ask(url: string, question: string, { onText, signal }: Reader): Promise<void> {
  const body = JSON.stringify({ model: 'small', messages: [{ role: 'user', content: question }], stream: true })
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal }).then(
    (response) => (response.status >= 400 ? refuse(response) : readAll(response)),
  )

  async function refuse(response: Response): Promise<never> {
    const reason: unknown = await response.json().then(
      (json) => (json as { error?: { message?: string } } | null)?.error?.message,
      () => undefined,
    )
    throw new Error(String(reason ?? response.status))
  }

  async function readAll(response: Response): Promise<void> {
    const lines = new Lines()
    let isComplete = false
    for await (const bytes of response.body ?? []) {
      for (const line of lines.add(bytes)) {
        if (signal.aborted) throw new Error('stopped')
        if (isComplete || !line.startsWith('data:')) continue
        const data = line.slice(5).trim()
        if (data === '[DONE]') isComplete = true
        else show(JSON.parse(data))
      }
      if (isComplete) break
    }
    if (!isComplete) throw new Error('The end is missing.')
  }

  function show(event: { error?: { message: string }; choices?: { delta?: { content?: string | null } }[] }): void {
    if (event.error) throw new Error(event.error.message)
    const text = event.choices?.[0]?.delta?.content ?? ''
    if (text.length > 0) onText(text)
  }
}
