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
  return (value) => {
    const read = httpPart === 'querystring' ? withNumbers(schema, value) : value
    if (check.Check(read)) return { value: read }
    return { error: check.Errors(read) }
  }
}

function withNumbers(schema: TSchema, query: Record<string, unknown>): Record<string, unknown> {
  const { properties = {} }: { properties?: Record<string, { type?: string }> } = schema
  const read = ([name, value]: [string, unknown]): [string, unknown] => {
    const type = Object.hasOwn(properties, name) ? properties[name]?.type : undefined
    const isNumber = (type === 'number' || type === 'integer') && typeof value === 'string' && NUMBER.test(value)
    return [name, isNumber ? Number(value) : value]
  }
  return Object.fromEntries(Object.entries(query).map(read))
}
