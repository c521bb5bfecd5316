/** Interface of an adapter for a server that responds to each request with a stream of events, such as an AI chat. */
import type { ComparedServer, NetworkUsage } from '../adapter.ts'

export interface AskingAdapter {
  readonly name: string
  /** Names by which the result and the thresholds name the ways to ask. */
  readonly transports: readonly string[]
  readonly usual?: readonly string[]
  /** Creates one client. It may throw: then nothing is measured, and the message of the error is printed. */
  openAsker(target: ComparedServer): Asker
}

export interface Asker {
  /** Sends a request with this text. An earlier answer may still be under way. */
  ask(text: string, listener: AnswerListener): void
  /** Ends all connections. After this call the asker calls no callback. */
  close(): void
  /** Use of the network so far. If it is left out, the report has no bytes. */
  usage?(): NetworkUsage
}

/** Callbacks for one answer. */
export interface AnswerListener {
  /** Called for each event of the answer. `atMs` is the time of its arrival by `now.ts`; default: the time of the call. */
  event(atMs?: number): void
  /** Called once, after the last event, if the answer is complete. */
  done(): void
  /** Called if the answer cannot become complete. `why` is a sentence without its full stop. */
  failed(why: string): void
}
