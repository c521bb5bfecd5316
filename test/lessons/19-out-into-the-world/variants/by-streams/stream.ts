export interface Reader {
  readonly onText: (text: string) => void
  readonly signal: AbortSignal
}

export const ask = async (url: string, question: string, reader: Reader): Promise<void> => {
  const stop = new AbortController()
  const signal = AbortSignal.any([reader.signal, stop.signal])
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'small', messages: [{ role: 'user', content: question }], stream: true }),
    signal,
  })
  if (!response.ok) throw await refusal(response)
  if (!response.body) throw new Error('empty')
  try {
    for await (const data of response.body.pipeThrough(new TextDecoderStream()).pipeThrough(dataLines())) {
      reader.signal.throwIfAborted()
      if (data === '[DONE]') return
      const { error, choices = [] } = JSON.parse(data)
      if (error) throw new Error(error.message)
      const [{ delta = {} } = {}] = choices
      if (delta.content) reader.onText(delta.content)
    }
  } finally {
    stop.abort()
  }
  throw new Error('incomplete')
}

/** Turns text into the values of its fields `data`. */
function dataLines(): TransformStream<string, string> {
  let rest = ''
  return new TransformStream({
    transform(text, controller) {
      const lines = (rest + text).split(/\r?\n/)
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const [name, ...value] = line.split(':')
        if (name === 'data') controller.enqueue(value.join(':').trimStart())
      }
    },
  })
}

async function refusal(response: Response): Promise<Error> {
  const text = await response.text()
  if (text.startsWith('{')) {
    const { error } = JSON.parse(text)
    if (error?.message) return new Error(error.message)
  }
  return new Error(`${response.status} ${response.statusText}`)
}
