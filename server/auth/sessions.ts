/**
 * Sessions as signed tokens: who it is, until when, and a signature that only this server can make
 * (HMAC, RFC 2104). The server keeps nothing of a session, so that it needs no memory for those who
 * never come back; only those that were ended early are remembered, until they would have ended.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { FeedError } from '../errors.ts'
import { now } from '../now.ts'
import type { ServerTimeMs } from '../protocol.ts'

export interface Session {
  readonly user: string
  readonly untilMs: ServerTimeMs
}

export interface Sessions {
  /** `NAME.UNTIL.SIGNATURE`, of A-Z, a-z, 0-9, ".", "_" and "-": it goes into headers and addresses as it is. */
  begin(user: string): { readonly token: string; readonly session: Session }
  /** Throws `wrong-credentials` or `session-expired` (401). */
  read(token: string): Session
  /** It is refused from now on, wherever it was copied to. */
  end(token: string): void
}

/** A school day: nobody signs in twice, and what is left lying about is worth nothing tomorrow. */
const SESSION_MS = 8 * 60 * 60 * 1000

/** `secret`: whoever knows it can make sessions. The same one after a restart lets those of before go on. */
export function createSessions(secret: string | Buffer, lastsMs = SESSION_MS): Sessions {
  /** Tokens that were ended, with the time at which they would have ended by themselves. */
  const ended = new Map<string, ServerTimeMs>()

  return {
    begin(user) {
      const session = { user, untilMs: Math.floor(now()) + lastsMs }
      const facts = `${Buffer.from(user).toString('base64url')}.${session.untilMs}`
      return { token: `${facts}.${sign(facts)}`, session }
    },
    read(token) {
      const session = verify(token)
      if (session.untilMs <= now()) throw expired(session)
      if (ended.has(token)) throw new FeedError('session-expired', `The session of ${session.user} was ended.`)
      return session
    },
    end(token) {
      const { untilMs } = verify(token)
      for (const [old, until] of ended) if (until <= now()) ended.delete(old)
      ended.set(token, untilMs)
    },
  }

  function verify(token: string): Session {
    const [, facts, name = '', until, signature] = /^(([\w-]+)\.(\d{1,16}))\.([\w-]{43})$/.exec(token) ?? []
    // In a time that does not depend on how much of it is right. No value in the sentence: it may be right but for a letter.
    if (facts === undefined || !isSame(signature ?? '', sign(facts)))
      throw new FeedError('wrong-credentials', 'The token is none that this server has made.')
    return { user: Buffer.from(name, 'base64url').toString(), untilMs: Number(until) }
  }

  function sign(facts: string): string {
    return createHmac('sha256', secret).update(facts).digest('base64url')
  }
}

function expired({ user, untilMs }: Session): FeedError {
  return new FeedError('session-expired', `The session of ${user} ended at ${new Date(untilMs).toISOString()}.`)
}

const isSame = (some: string, others: string): boolean =>
  some.length === others.length && timingSafeEqual(Buffer.from(some), Buffer.from(others))
