import { CompareError } from './trouble.ts'

/** Resolves as the promise does. Rejects with a `CompareError` of this text if the promise takes longer than `ms`. */
export async function within<Value>(ms: number, promise: Promise<Value>, why: () => string): Promise<Value> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new CompareError(why())), ms)
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer))
}
