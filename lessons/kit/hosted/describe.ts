/** Describes whatever a program has thrown. Never throws itself, and never returns more than a report can hold. */
import { inspect } from 'node:util'

export interface ThrownValue {
  readonly message: string
  /** Begins with name and message. The stacks of the errors that caused this one follow. */
  readonly stack: string
  readonly code?: string
  readonly port?: number
}

const MESSAGE_CHARS = 500

const STACK_CHARS = 10_000

export function describe(thrown: unknown): ThrownValue {
  try {
    if (!(thrown instanceof Error)) return plain(inspect(thrown, { depth: 1 }))
    const { message, code, port } = thrown as NodeJS.ErrnoException & { port?: unknown }
    // Node's own error for a promise that was rejected with a value that is no error.
    if (code === 'ERR_UNHANDLED_REJECTION')
      return plain(`a promise was rejected${/ with the reason .*$/s.exec(message)?.[0] ?? ''}`)
    const short = cut(message)
    const stack = stacksOf(thrown)
      .join('\n')
      .replaceAll(message, () => short)
    return {
      message: short,
      stack: stack.slice(0, STACK_CHARS),
      ...(typeof code === 'string' && { code }),
      ...(typeof port === 'number' && { port }),
    }
  } catch {
    return plain('something that cannot be shown')
  }
}

const plain = (text: string): ThrownValue => ({ message: cut(text), stack: cut(text) })

const cut = (text: string): string => (text.length > MESSAGE_CHARS ? `${text.slice(0, MESSAGE_CHARS)}\u2026` : text)

/** Returns the stack of the error, and those of its causes. */
function stacksOf(error: Error, depth = 3): readonly string[] {
  const causes = error instanceof AggregateError ? [...error.errors, error.cause] : [error.cause]
  const inner = depth === 0 ? [] : causes.flatMap((cause) => (cause instanceof Error ? stacksOf(cause, depth - 1) : []))
  return [String(error.stack), ...inner]
}
