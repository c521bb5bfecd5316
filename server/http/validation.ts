import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'

const NUMBER = /^-?\d+(\.\d+)?$/

/**
 * Checks a request against its route's schema. All values of a query are text, so a decimal number in a query is
 * converted to a number. Nothing else is converted, so `wait=true` is refused. The values of a body stay unchanged.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = Compile(schema)
  const numbers = httpPart === 'querystring' ? numbersOf(schema) : []
  return (value) => {
    const read = withNumbers(numbers, value)
    if (check.Check(read)) return { value: read }
    return { error: check.Errors(read) }
  }
}

/** Names of the parameters that are numbers. */
function numbersOf({ properties = {} }: { properties?: Record<string, { type?: string }> }): readonly string[] {
  return Object.keys(properties).filter((name) => ['number', 'integer'].includes(properties[name]?.type ?? ''))
}

function withNumbers(names: readonly string[], query: Record<string, unknown>): Record<string, unknown> {
  let read = query
  for (const name of names) {
    const value = query[name]
    if (typeof value === 'string' && NUMBER.test(value)) read = { ...read, [name]: Number(value) }
  }
  return read
}
