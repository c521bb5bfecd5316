import { LogUnavailable } from '../feed/log.ts'

/** Waits for Redis. If it is away, rejects with `LogUnavailable` and this remedy, because the log's is for publishers. */
export async function orElse<T>(change: Promise<T>, remedy: string): Promise<T> {
  try {
    return await change
  } catch (error) {
    throw error instanceof LogUnavailable ? new LogUnavailable(error.message, { cause: error, remedy }) : error
  }
}

/** Remedies for a client whose request failed because Redis was away. */
export const NOT_SIGNED_IN = 'Nobody can sign in now. Try again. People who have signed in stay signed in.'
export const NO_TICKET = 'No ticket was issued. Try again.'
export const NOT_FOUND = 'The session may belong to another process. Try again.'
export const HOLDS_HERE = 'This holds at one process already. The other processes get it when Redis is back.'
