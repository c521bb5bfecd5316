/** Interface between a transport that polls and the two ways of its responses: Fastify, and repeated-polls.ts. */
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { JSON_TYPE } from './encoding.ts'

/** The response to one poll. */
export interface PollResponse {
  /** The poll's request. For a repeated poll, an earlier request of the same connection that had the same head. */
  readonly request: IncomingMessage
  /** True if nobody waits for this response any more, for example because the client has left. */
  readonly isGone: boolean
  /** Calls the listener once, when the response is complete or the client has left. */
  onClose(listener: () => void): void
  /** Sends 200 with this JSON, or 204 if the JSON is null. */
  send(json: Buffer | null): void
  /** Sends an error. */
  fail(error: unknown): void
}

export interface Poll {
  /** Fields of each successful response, in addition to the fields of every response. They depend only on the head. */
  readonly fields: Readonly<Record<string, string>>
  /** Answers the poll with the events after a cursor. An error or a rejection counts as a call of `fail`. */
  answer(after: string | undefined, response: PollResponse): Promise<void> | void
}

export type PollRequest = FastifyRequest<{ Querystring: { after?: string } }>

export interface Polls {
  /** Calls `answer` for the request, and perhaps again for later requests of the connection that have the same head. */
  serve(request: PollRequest, reply: FastifyReply, poll: Poll): void
}

/** Answers each poll through Fastify. */
export const byFastify: Polls = {
  serve(request, reply, { fields, answer }) {
    const response: PollResponse = {
      request: request.raw,
      get isGone() {
        return reply.raw.destroyed
      },
      onClose: (listener) => void reply.raw.once('close', listener),
      send(json) {
        reply.headers(fields)
        if (json === null) reply.code(204).send()
        else reply.type(JSON_TYPE).send(json)
      },
      fail: (error) => void reply.send(error),
    }
    run(answer, request.query.after, response)
  },
}

/** Calls `answer`, and reports its failure to the response. */
export function run(answer: Poll['answer'], after: string | undefined, response: PollResponse): void {
  try {
    answer(after, response)?.catch((error) => response.fail(error))
  } catch (error) {
    response.fail(error)
  }
}
