/** An AI chat with the format of OpenAI: the response to a POST is an event stream whose last event is `[DONE]`. */
import { StringDecoder } from 'node:string_decoder'
import type { ComparedServer } from '../adapter.ts'
import type { AnswerListener, Asker, AskingAdapter } from '../answers/asking.ts'
import { createEventReader } from '../clients/events.ts'
import { createExchange } from '../clients/exchange.ts'
import type { HttpExchange } from '../clients/http.ts'
import type { ResponseHead } from '../clients/response.ts'
import { refusal } from '../clients/socket.ts'
import { messageOf } from '../trouble.ts'
import { isJson } from './plain.ts'

export const ai: AskingAdapter = {
  name: 'ai',
  transports: ['ai'],
  openAsker,
}

const FIELDS = { 'Content-Type': 'application/json', Accept: 'text/event-stream' }

function openAsker(target: ComparedServer): Asker {
  /** Connections of this client, and those of them that have no request under way. */
  const all: HttpExchange[] = []
  const idle: HttpExchange[] = []

  return {
    ask(text, listener) {
      // A connection of HTTP/2 takes several requests at the same time.
      const exchange = (target.isHttp2 ? all[0] : idle.pop()) ?? open()
      const reader = readAnswer(target.url, listener)
      exchange.ask('POST', target.url, FIELDS, bodyOf(text), reader).then(
        () => {
          idle.push(exchange)
          reader.ended()
        },
        (error: unknown) => reader.fail(messageOf(error)),
      )
    },
    close: () => all.forEach((exchange) => exchange.close()),
    usage() {
      const sum = { bytesUp: 0, bytesDown: 0, requests: 0 }
      for (const { usage } of all) {
        sum.bytesUp += usage.bytesUp
        sum.bytesDown += usage.bytesDown
        sum.requests += usage.requests
      }
      return sum
    },
  }

  function open(): HttpExchange {
    const exchange = createExchange(target)
    all.push(exchange)
    return exchange
  }
}

/** A payload that is JSON is the whole body. Any other payload is the question of a small request. */
const bodyOf = (text: string): string =>
  isJson(text) ? text : JSON.stringify({ model: 'default', messages: [{ role: 'user', content: text }], stream: true })

interface AnswerReader {
  head(head: ResponseHead): void
  body(bytes: Buffer, atMs: number): void
  ended(): void
  fail(why: string): void
}

/** Most of an error that is shown. */
const SHOWN = 200

function readAnswer(url: URL, listener: AnswerListener): AnswerReader {
  const decoder = new StringDecoder('utf8')
  const { take } = createEventReader()
  let isOver = false
  /** Reason why the response is no answer; null if it is one. */
  let refused: string | null = null
  /** Start of the body of a response that is no answer. */
  let text = ''
  return { head, body, ended, fail }

  function head({ status, fields }: ResponseHead): void {
    const type = fields.get('content-type') ?? 'unknown'
    if (status !== 200) refused = `POST ${url.pathname} ${refusal(status, 200, url)}`
    else if (!type.startsWith('text/event-stream'))
      refused = `the content type of the response is ${type} instead of text/event-stream; write "stream": true into the payload`
  }

  function body(bytes: Buffer, atMs: number): void {
    const part = decoder.write(bytes)
    if (refused !== null) text += part.slice(0, SHOWN)
    else for (const data of take(part)) event(data, atMs)
  }

  function event(data: string, atMs: number): void {
    if (isOver) return
    if (data === '[DONE]') {
      isOver = true
      listener.done()
    } else if (data.startsWith('{"error"')) fail(`the server sent an error: ${data.slice(0, SHOWN)}`)
    else listener.event(atMs)
  }

  function ended(): void {
    if (refused === null) fail('the answer ended without [DONE]')
    else fail(text === '' ? refused : `${refused}: ${text.slice(0, SHOWN).replaceAll(/\s+/g, ' ').trim()}`)
  }

  function fail(why: string): void {
    if (isOver) return
    isOver = true
    listener.failed(why)
  }
}
