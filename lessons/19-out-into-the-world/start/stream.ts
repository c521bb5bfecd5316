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
  // TODO 1: When the signal aborts, end the request, and call onText no more.
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'small', messages: [{ role: 'user', content: question }], stream: true }),
  })

  // TODO 2: The server may refuse: the status is not 200, and the body is {"error":{"message":"…"}}. Reject with this
  // message. If the body is not such JSON, reject with a message that contains the status.

  if (!response.body) return
  for await (const bytes of response.body) {
    // TODO 3: `bytes` can begin and end anywhere, even inside a character. Put characters and lines together again.
    const text = new TextDecoder().decode(bytes)

    // TODO 4: Read each line. Which lines hold a piece of the answer, and which one says that the answer is complete?
    // An error can come as well.
    onText(text)
  }

  // TODO 5: The response has ended. Was the answer complete?
}
