export interface Reader {
  readonly onText: (text: string) => void
  readonly signal: AbortSignal
}

export async function ask(url: string, question: string, { onText, signal }: Reader): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'small', messages: [{ role: 'user', content: question }], stream: true }),
    signal,
  })
  if (response.status !== 200) {
    let message = ''
    try {
      message = JSON.parse(await response.text()).error.message
    } catch {}
    throw new Error(message || `HTTP ${response.status}`)
  }
  if (response.body === null) throw new Error('The response has no body.')

  const reader = response.body.getReader()
  const decoder = new TextDecoder('utf-8')
  let buffer = ''
  try {
    while (true) {
      const { done, value } = await reader.read()
      if (done) throw new Error('The response ended before [DONE].')
      buffer += decoder.decode(value, { stream: true })
      let end = buffer.indexOf('\n')
      while (end >= 0) {
        const line = buffer.slice(0, end).replace(/\r$/, '')
        buffer = buffer.slice(end + 1)
        if (signal.aborted) throw signal.reason
        if (read(line, onText)) return
        end = buffer.indexOf('\n')
      }
    }
  } finally {
    // An error of the connection itself makes `cancel` reject too.
    await reader.cancel().catch(() => {})
  }
}

/** Returns true if the line ends the answer. */
function read(line: string, onText: (text: string) => void): boolean {
  const match = /^data: ?(.*)$/s.exec(line)
  if (match === null) return false
  if (match[1] === '[DONE]') return true
  const event = JSON.parse(match[1] ?? '')
  if ('error' in event) throw new Error(event.error.message)
  for (const choice of event.choices ?? []) {
    if (typeof choice.delta?.content === 'string' && choice.delta.content !== '') onText(choice.delta.content)
  }
  return false
}
