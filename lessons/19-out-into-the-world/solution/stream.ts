/** Reads the answer of an AI chat while the server is still writing it. */

/** The page's side of a question. */
export interface Reader {
  /** Shows the next piece of the answer. */
  readonly onText: (text: string) => void
  /** Aborts when the user presses Stop. */
  readonly signal: AbortSignal
}

/**
 * Asks a question. Resolves when the answer is complete. Rejects if the server refuses the question, sends an error in
 * the middle, or ends the answer early; and when `signal` aborts.
 */
export async function ask(url: string, question: string, { onText, signal }: Reader): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'small', messages: [{ role: 'user', content: question }], stream: true }),
    signal,
  })
  if (!response.ok) throw new Error(reasonIn(await response.text()) ?? `The server responded with ${response.status}.`)

  const decoder = new TextDecoder()
  let rest = ''
  for await (const bytes of response.body ?? []) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (!line.startsWith('data:')) continue
      const data = line.slice('data:'.length).trim()
      // A return or a throw ends the loop, and the loop then ends the connection.
      if (data === '[DONE]') return
      const { error, choices } = JSON.parse(data)
      if (error) throw new Error(error.message)
      const text = choices?.[0]?.delta?.content
      signal.throwIfAborted()
      if (text) onText(text)
    }
  }
  throw new Error('The answer ended early.')
}

/** Returns the server's message, or undefined if the body has another shape, for example a proxy's HTML. */
function reasonIn(body: string): string | undefined {
  try {
    return JSON.parse(body).error.message
  } catch {
    return undefined
  }
}
