import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'

const NUMBER = /^-?\d+(\.\d+)?$/

/**
 * Checks a request against its route's schema. All values in a query are text. If the schema requires a number,
 * converts a decimal number in the query to a number. Converts nothing else: for example, `true` in a query stays a
 * text. The values in a body stay unchanged.
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

/** Returns the names of the parameters that must be numbers. */
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
