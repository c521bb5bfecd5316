import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Adapter } from '../adapter.ts'
import type { AskingAdapter } from '../answers/asking.ts'
import { CompareError, messageOf } from '../trouble.ts'
import { ai } from './ai.ts'
import { fourwire } from './fourwire.ts'
import { nchan } from './nchan.ts'
import { poll, sse, ws } from './plain.ts'
import { socketIo } from './socket-io.ts'

type AnyAdapter = Adapter | AskingAdapter

const adapters: Readonly<Record<string, AnyAdapter>> = { fourwire, sse, ws, poll, nchan, 'socket.io': socketIo, ai }

/** Whether an adapter asks for answers, instead of receiving what is published. */
export const isAsking = (adapter: AnyAdapter): adapter is AskingAdapter => 'openAsker' in adapter

/** Finds an adapter that receives what is published. Throws `CompareError` if there is none. */
export async function receivingAdapterOf(nameOrFile: string): Promise<Adapter> {
  const adapter = await adapterOf(nameOrFile)
  if (isAsking(adapter)) throw new CompareError(`--adapter is "${nameOrFile}", which asks and does not receive.`)
  return adapter
}

/** Finds an adapter by its name, or imports it from a file. Throws `CompareError` if there is none. */
export async function adapterOf(nameOrFile: string): Promise<AnyAdapter> {
  const known = adapters[nameOrFile]
  if (known) return known
  if (!/[./\\]/.test(nameOrFile))
    throw new CompareError(
      `--adapter is "${nameOrFile}", which is no adapter. Give ${Object.keys(adapters).join(', ')}, or the path of a file.`,
    )
  const module: unknown = await import(pathToFileURL(resolve(nameOrFile)).href).catch((error: unknown) => {
    throw new CompareError(`--adapter is "${nameOrFile}", and this file cannot be imported: ${messageOf(error)}`)
  })
  const { adapter, default: fallback }: { adapter?: unknown; default?: unknown } = module ?? {}
  const found = adapter ?? fallback
  const missing = missingIn(found)
  if (isAdapter(found, missing)) return found
  throw new CompareError(
    `--adapter is "${nameOrFile}", and its export "adapter" lacks ${missing.join(', ')}. See test/compare/${asks(found) ? 'answers/asking' : 'adapter'}.ts for the interface.`,
  )
}

function missingIn(found: unknown): readonly string[] {
  const values: object = typeof found === 'object' && found !== null ? found : {}
  const functions = asks(values) ? { openAsker: 'function' } : { connect: 'function', match: 'function' }
  const types = { name: 'string', transports: 'object', ...functions }
  return Object.entries(types).flatMap(([name, type]) => (typeof Reflect.get(values, name) === type ? [] : [name]))
}

const asks = (found: unknown): boolean => typeof found === 'object' && found !== null && 'openAsker' in found

const isAdapter = (_found: unknown, missing: readonly string[]): _found is AnyAdapter => missing.length === 0
